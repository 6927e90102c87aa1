using System.Runtime.InteropServices;

namespace Interconnect.Mls.Crypto;

/// <summary>
/// Ed25519 of libsodium, when the machine has the library (Debian: libsodium23): its 64-bit arithmetic signs and verifies in less than half the time of OpenSSL 3.0's
/// portable C. Loaded by hand, since it may be missing.
/// </summary>
internal static unsafe class Libsodium
{
    public const int SecretKeySize = 64;

    /// <summary>An AppContext switch; set to true, libcrypto does Ed25519 although libsodium is there.</summary>
    public const string Off = "Interconnect.Mls.WithoutLibsodium";

    private static readonly string[] Candidates = ["libsodium.so.23", "libsodium.so.26", "libsodium.23.dylib", "libsodium.26.dylib", "libsodium.dll"];

    private static readonly delegate* unmanaged[Cdecl]<byte*, byte*, byte*, int> SeedKeyPair;
    private static readonly delegate* unmanaged[Cdecl]<byte*, ulong*, byte*, ulong, byte*, int> SignDetached;
    private static readonly delegate* unmanaged[Cdecl]<byte*, byte*, ulong, byte*, int> VerifyDetached;

    static Libsodium()
    {
        foreach (var candidate in Candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library)
                && NativeLibrary.TryGetExport(library, "sodium_init", out var init)
                && NativeLibrary.TryGetExport(library, "crypto_sign_ed25519_seed_keypair", out var seedKeyPair)
                && NativeLibrary.TryGetExport(library, "crypto_sign_ed25519_detached", out var sign)
                && NativeLibrary.TryGetExport(library, "crypto_sign_ed25519_verify_detached", out var verify)
                && ((delegate* unmanaged[Cdecl]<int>)init)() >= 0)
            {
                SeedKeyPair = (delegate* unmanaged[Cdecl]<byte*, byte*, byte*, int>)seedKeyPair;
                SignDetached = (delegate* unmanaged[Cdecl]<byte*, ulong*, byte*, ulong, byte*, int>)sign;
                VerifyDetached = (delegate* unmanaged[Cdecl]<byte*, byte*, ulong, byte*, int>)verify;
                IsPresent = true;
                return;
            }
        }
    }

    /// <summary>Whether the library is there and works.</summary>
    public static bool IsPresent { get; }

    /// <summary>Whether it is to be used.</summary>
    public static bool IsUsed => IsPresent && !(AppContext.TryGetSwitch(Off, out var off) && off);

    /// <summary>The public key (32 bytes) and the secret key (64 bytes: seed and public key) of a seed (32 bytes).</summary>
    public static void KeyPairOf(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        fixed (byte* s = seed, p = publicKey, k = secretKey)
        {
            Require(SeedKeyPair(p, k, s));
        }
    }

    /// <summary>Writes the signature (64 bytes).</summary>
    public static void Sign(ReadOnlySpan<byte> data, ReadOnlySpan<byte> secretKey, Span<byte> signature)
    {
        fixed (byte* d = data, k = secretKey, s = signature)
        {
            Require(SignDetached(s, null, d, (ulong)data.Length, k));
        }
    }

    /// <summary>Sizes are the caller's to check.</summary>
    public static bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature)
    {
        fixed (byte* d = data, p = publicKey, s = signature)
        {
            return VerifyDetached(s, d, (ulong)data.Length, p) == 0;
        }
    }

    private static void Require(int result)
    {
        if (result != 0)
        {
            throw new System.Security.Cryptography.CryptographicException("libsodium refused an operation on a valid key.");
        }
    }
}

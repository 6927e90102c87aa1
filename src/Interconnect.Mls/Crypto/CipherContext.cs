using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>
/// An EVP_CIPHER_CTX for one AEAD, used by one thread over and over with another key each time: MLS uses a key once, and making a context costs more than a
/// short encryption. After each use the key schedule is overwritten by that of a zero key.
/// </summary>
internal sealed class CipherContext : SafeHandle
{
    private const int GetTag = 0x10;
    private const int SetTag = 0x11;
    private const int KeepDirection = -1;

    private static readonly byte[] ZeroKey = new byte[32];

    public CipherContext(nint cipher)
        : base(0, ownsHandle: true)
    {
        SetHandle(Libcrypto.NewCipherContext());
        Require(Libcrypto.CipherInit(handle, cipher, 0, ZeroKey, default, 1));
    }

    public override bool IsInvalid => handle == 0;

    public void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> output, Span<byte> tag)
    {
        Require(Libcrypto.CipherInit(handle, 0, 0, key, nonce, 1));
        Process(aad, plaintext, output);
        Require(Libcrypto.CipherFinal(handle, tag, out _));
        Require(Libcrypto.CipherControl(handle, GetTag, tag.Length, tag));
        Forget();
    }

    /// <summary>False, with the output zeroed, when the tag does not fit.</summary>
    public bool TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> output)
    {
        Require(Libcrypto.CipherInit(handle, 0, 0, key, nonce, 0));
        Process(aad, ciphertext, output);
        Span<byte> expected = stackalloc byte[tag.Length];
        tag.CopyTo(expected);
        Require(Libcrypto.CipherControl(handle, SetTag, expected.Length, expected));
        var authentic = Libcrypto.CipherFinal(handle, expected, out _) == 1;
        if (!authentic)
        {
            Libcrypto.ClearErrors();
            CryptographicOperations.ZeroMemory(output);
        }

        Forget();
        return authentic;
    }

    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeCipherContext(handle);
        return true;
    }

    private void Process(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> input, Span<byte> output)
    {
        // Without output the input counts as associated data, so nothing is handed over that is empty.
        if (!aad.IsEmpty)
        {
            Require(Libcrypto.CipherUpdate(handle, default, out _, aad, aad.Length));
        }

        if (!input.IsEmpty)
        {
            Require(Libcrypto.CipherUpdate(handle, output, out _, input, input.Length));
        }
    }

    private void Forget() => Require(Libcrypto.CipherInit(handle, 0, 0, ZeroKey, default, KeepDirection));

    private static void Require(int result)
    {
        if (result != 1)
        {
            Libcrypto.ClearErrors();
            throw new CryptographicException("libcrypto refused to encrypt.");
        }
    }
}

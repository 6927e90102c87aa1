using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>An EVP_PKEY. Safe to use from several threads at once, as OpenSSL promises for keys that nobody changes.</summary>
internal sealed class EvpKey : SafeHandle
{
    public EvpKey()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Null when OpenSSL refuses the bytes.</summary>
    public static EvpKey? ImportPrivate(int type, ReadOnlySpan<byte> raw) =>
        Checked(Libcrypto.NewRawPrivateKey(type, 0, raw, (nuint)raw.Length));

    /// <summary>Null when OpenSSL refuses the bytes.</summary>
    public static EvpKey? ImportPublic(int type, ReadOnlySpan<byte> raw) =>
        Checked(Libcrypto.NewRawPublicKey(type, 0, raw, (nuint)raw.Length));

    public byte[] PublicKey(int size)
    {
        var output = new byte[size];
        var length = (nuint)size;
        Require(Libcrypto.GetRawPublicKey(this, output, ref length));
        return output;
    }

    /// <summary>X25519 or X448; false when OpenSSL refuses, which it does for an all-zero result.</summary>
    public bool TryAgree(EvpKey peer, Span<byte> shared)
    {
        var context = Libcrypto.NewKeyContext(this, 0);
        try
        {
            Require(Libcrypto.DeriveInit(context));
            var length = (nuint)shared.Length;
            var ok = Libcrypto.DeriveSetPeer(context, peer) == 1
                && Libcrypto.Derive(context, shared, ref length) == 1
                && length == (nuint)shared.Length;
            if (!ok)
            {
                Libcrypto.ClearErrors();
            }

            return ok;
        }
        finally
        {
            Libcrypto.FreeKeyContext(context);
        }
    }

    /// <summary>Ed25519 or Ed448.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data, int size)
    {
        var context = Libcrypto.NewDigestContext();
        try
        {
            Require(Libcrypto.DigestSignInit(context, 0, 0, 0, this));
            var signature = new byte[size];
            var length = (nuint)size;
            Require(Libcrypto.DigestSign(context, signature, ref length, data, (nuint)data.Length));
            return signature;
        }
        finally
        {
            Libcrypto.FreeDigestContext(context);
        }
    }

    /// <summary>Ed25519 or Ed448.</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        var context = Libcrypto.NewDigestContext();
        try
        {
            Require(Libcrypto.DigestVerifyInit(context, 0, 0, 0, this));
            var ok = Libcrypto.DigestVerify(context, signature, (nuint)signature.Length, data, (nuint)data.Length) == 1;
            if (!ok)
            {
                Libcrypto.ClearErrors();
            }

            return ok;
        }
        finally
        {
            Libcrypto.FreeDigestContext(context);
        }
    }

    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeKey(handle);
        return true;
    }

    private static EvpKey? Checked(EvpKey key)
    {
        if (!key.IsInvalid)
        {
            return key;
        }

        key.Dispose();
        Libcrypto.ClearErrors();
        return null;
    }

    private static void Require(int result)
    {
        if (result != 1)
        {
            Libcrypto.ClearErrors();
            throw new CryptographicException("libcrypto refused an operation on a valid key.");
        }
    }
}

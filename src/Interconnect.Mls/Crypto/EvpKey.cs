using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>
/// An EVP_PKEY. Safe to use from several threads at once, as OpenSSL promises for keys that nobody changes. A key that signs, or verifies more than once,
/// keeps one digest context: making one costs OpenSSL several allocations and a search for the algorithm by name.
/// </summary>
internal sealed class EvpKey : SafeHandle
{
    private nint idleSigning;
    private nint idleVerifying;
    private bool verifiedBefore;

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

            // OpenSSL's own validation of such a peer only asks whether there is a public key.
            var ok = Libcrypto.DeriveSetPeer(context, peer, validate: 0) == 1
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
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            var context = Begin(ref idleSigning, Libcrypto.DigestSignInit);
            var signature = new byte[size];
            var length = (nuint)size;
            Require(Libcrypto.DigestSign(context, signature, ref length, data, (nuint)data.Length), context);
            Keep(ref idleSigning, context);
            return signature;
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>Ed25519 or Ed448.</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            var context = Begin(ref idleVerifying, Libcrypto.DigestVerifyInit);
            var ok = Libcrypto.DigestVerify(context, signature, (nuint)signature.Length, data, (nuint)data.Length) == 1;
            if (!ok)
            {
                Libcrypto.ClearErrors();
                Libcrypto.FreeDigestContext(context);
            }
            else if (verifiedBefore)
            {
                Keep(ref idleVerifying, context);
            }
            else
            {
                // Most keys of a joined tree verify one signature and then none for days.
                verifiedBefore = true;
                Libcrypto.FreeDigestContext(context);
            }

            return ok;
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeDigestContext(Interlocked.Exchange(ref idleSigning, 0));
        Libcrypto.FreeDigestContext(Interlocked.Exchange(ref idleVerifying, 0));
        Libcrypto.FreeKey(handle);
        return true;
    }

    // With key 0 an init starts anew under the key that the context has; a context that cannot do that is replaced.
    private nint Begin(ref nint idle, Func<nint, nint, nint, nint, nint, int> init)
    {
        var context = Interlocked.Exchange(ref idle, 0);
        if (context != 0)
        {
            if (init(context, 0, 0, 0, 0) == 1)
            {
                return context;
            }

            Libcrypto.ClearErrors();
            Libcrypto.FreeDigestContext(context);
        }

        context = Libcrypto.NewDigestContext();
        Require(init(context, 0, 0, 0, handle), context);
        return context;
    }

    private static void Keep(ref nint idle, nint context)
    {
        if (Interlocked.CompareExchange(ref idle, context, 0) != 0)
        {
            Libcrypto.FreeDigestContext(context);
        }
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

    private static void Require(int result, nint context = 0)
    {
        if (result != 1)
        {
            Libcrypto.ClearErrors();
            Libcrypto.FreeDigestContext(context);
            throw new CryptographicException("libcrypto refused an operation on a valid key.");
        }
    }
}

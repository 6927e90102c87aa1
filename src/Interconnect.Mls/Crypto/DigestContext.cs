using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>An EVP_MD_CTX for one digest, used by one thread over and over.</summary>
internal sealed class DigestContext : SafeHandle
{
    private readonly nint digest;

    public DigestContext(nint digest)
        : base(0, ownsHandle: true)
    {
        this.digest = digest;
        SetHandle(Libcrypto.NewDigestContext());
    }

    public override bool IsInvalid => handle == 0;

    public void Begin() => Require(Libcrypto.DigestInit(handle, digest, 0));

    public void Add(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Require(Libcrypto.DigestUpdate(handle, data, (nuint)data.Length));
        }
    }

    public void End(Span<byte> output) => Require(Libcrypto.DigestFinal(handle, output, 0));

    protected override bool ReleaseHandle()
    {
        Libcrypto.FreeDigestContext(handle);
        return true;
    }

    private static void Require(int result)
    {
        if (result != 1)
        {
            Libcrypto.ClearErrors();
            throw new CryptographicException("libcrypto refused to hash.");
        }
    }
}

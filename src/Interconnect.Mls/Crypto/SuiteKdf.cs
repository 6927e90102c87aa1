using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>ExpandWithLabel and its relatives (RFC 9420 sections 8 and 9).</summary>
internal sealed class SuiteKdf(HashFunction hash)
{
    public int Size => hash.Size;

    public byte[] Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ikm)
    {
        var prk = new byte[hash.Size];
        hash.Extract(salt, ikm, prk);
        return prk;
    }

    public void ExpandWithLabel(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        using var info = new MlsWriter(context.Length + 64);
        Labels.WriteKdfLabel(info, output.Length, label, context);
        hash.Expand(secret, info.Written, output);
    }

    public byte[] ExpandWithLabel(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        var output = new byte[length];
        ExpandWithLabel(secret, label, context, output);
        return output;
    }

    public byte[] DeriveSecret(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label) => ExpandWithLabel(secret, label, default, hash.Size);

    /// <summary>DeriveTreeSecret: the generation, as uint32, is the context.</summary>
    public byte[] DeriveTreeSecret(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, uint generation, int length) =>
        ExpandWithLabel(secret, label, [(byte)(generation >> 24), (byte)(generation >> 16), (byte)(generation >> 8), (byte)generation], length);
}

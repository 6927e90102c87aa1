namespace Interconnect.Mls.Crypto;

/// <summary>LabeledExtract and LabeledExpand of RFC 9180 section 4, for one suite id.</summary>
internal sealed class LabeledKdf(HashFunction hash, byte[] suiteId)
{
    public HashFunction Hash => hash;

    public void LabeledExtract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> prk)
    {
        using var input = new Encoding.MlsWriter(32 + ikm.Length);
        input.Raw("HPKE-v1"u8);
        input.Raw(suiteId);
        input.Raw(label);
        input.Raw(ikm);
        hash.Extract(salt, input.Written, prk);
    }

    public void LabeledExpand(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        using var input = new Encoding.MlsWriter(32 + info.Length);
        input.U16((ushort)output.Length);
        input.Raw("HPKE-v1"u8);
        input.Raw(suiteId);
        input.Raw(label);
        input.Raw(info);
        hash.Expand(prk, input.Written, output);
    }
}

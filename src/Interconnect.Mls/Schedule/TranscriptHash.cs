using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.Schedule;

/// <summary>The transcript hashes (RFC 9420 section 8.2).</summary>
internal static class TranscriptHash
{
    /// <summary>Hash(interim before || ConfirmedTranscriptHashInput { wire_format; content; signature&lt;V&gt;; })</summary>
    public static byte[] Confirmed(CipherSuite suite, ReadOnlySpan<byte> interimBefore, AuthenticatedContent commit)
    {
        using var input = new MlsWriter();
        input.Raw(interimBefore);
        input.U16((ushort)commit.WireFormat);
        commit.Content.Write(input);
        input.Opaque(commit.Auth.Signature);
        return suite.Hash.Hash(input.Written);
    }

    /// <summary>Hash(confirmed || InterimTranscriptHashInput { MAC confirmation_tag; })</summary>
    public static byte[] Interim(CipherSuite suite, ReadOnlySpan<byte> confirmed, ReadOnlySpan<byte> confirmationTag)
    {
        using var input = new MlsWriter();
        input.Raw(confirmed);
        input.Opaque(confirmationTag);
        return suite.Hash.Hash(input.Written);
    }
}

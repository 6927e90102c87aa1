using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Framing;

/// <summary>
/// FramedContentAuthData of RFC 9420 section 6.1. A commit has a confirmation tag, nothing else has.
/// <c>struct { opaque signature&lt;V&gt;; select { commit: MAC confirmation_tag; } }</c>
/// </summary>
internal sealed record ContentAuth(ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte>? ConfirmationTag)
{
    public static ContentAuth Read(ref MlsReader reader, ContentType type) =>
        new(reader.Opaque("signature"), type == ContentType.Commit ? reader.Opaque("confirmation_tag") : default(ReadOnlyMemory<byte>?));

    public void Write(MlsWriter writer, ContentType type)
    {
        writer.Opaque(Signature);
        if (type == ContentType.Commit)
        {
            writer.Opaque(ConfirmationTag.GetValueOrDefault());
        }
    }
}

/// <summary>
/// AuthenticatedContent of RFC 9420 section 6. Holding one says nothing about its signature: <see cref="VerifySignature"/>.
/// <c>struct { WireFormat wire_format; FramedContent content; FramedContentAuthData auth; }</c>
/// </summary>
internal sealed record AuthenticatedContent(WireFormat WireFormat, FramedContent Content, ContentAuth Auth) : IMlsStructure<AuthenticatedContent>
{
    public static AuthenticatedContent Read(ref MlsReader reader)
    {
        var format = reader.U16("wire_format");
        if (format is not (1 or 2))
        {
            throw reader.Refusal(Rules.UnknownValue, "wire_format");
        }

        var content = FramedContent.Read(ref reader);
        return new AuthenticatedContent((WireFormat)format, content, ContentAuth.Read(ref reader, content.Content.Type));
    }

    /// <summary>Signs content; the confirmation tag of a commit is added later with <see cref="WithConfirmationTag"/>.</summary>
    /// <param name="context">The encoded GroupContext of the epoch the content is for.</param>
    public static AuthenticatedContent Sign(SignatureKeyPair key, WireFormat wireFormat, FramedContent content, ReadOnlySpan<byte> context)
    {
        using var tbs = new MlsWriter();
        WriteTbs(tbs, wireFormat, content, context);
        return new AuthenticatedContent(wireFormat, content, new ContentAuth(key.SignWithLabel("FramedContentTBS"u8, tbs.Written), null));
    }

    public AuthenticatedContent WithConfirmationTag(ReadOnlyMemory<byte> tag) => this with { Auth = Auth with { ConfirmationTag = tag } };

    /// <param name="context">The encoded GroupContext of the epoch the content is for.</param>
    public bool VerifySignature(SignaturePublicKey key, ReadOnlySpan<byte> context)
    {
        using var tbs = new MlsWriter();
        WriteTbs(tbs, WireFormat, Content, context);
        return key.VerifyWithLabel("FramedContentTBS"u8, tbs.Written, Auth.Signature.Span);
    }

    /// <summary>The MAC over AuthenticatedContentTBM (RFC 9420 section 6.2).</summary>
    public byte[] MembershipTag(CipherSuite suite, Secret<Kind.Membership> key, ReadOnlySpan<byte> context)
    {
        using var tbm = new MlsWriter();
        WriteTbs(tbm, WireFormat, Content, context);
        Auth.Write(tbm, Content.Content.Type);
        return suite.Hash.Mac(key.Span, tbm.Written);
    }

    /// <summary>ProposalRef of RFC 9420 section 5.2.</summary>
    public byte[] ProposalRef(CipherSuite suite)
    {
        using var encoded = new MlsWriter();
        Write(encoded);
        return suite.RefHash("MLS 1.0 Proposal Reference"u8, encoded.Written);
    }

    public void Write(MlsWriter writer)
    {
        writer.U16((ushort)WireFormat);
        Content.Write(writer);
        Auth.Write(writer, Content.Content.Type);
    }

    // FramedContentTBS: the GroupContext follows for members and for external commits.
    private static void WriteTbs(MlsWriter writer, WireFormat wireFormat, FramedContent content, ReadOnlySpan<byte> context)
    {
        writer.U16(ProtocolVersion.Mls10);
        writer.U16((ushort)wireFormat);
        content.Write(writer);
        if (content.Sender is Sender.Member or Sender.NewMemberCommit)
        {
            writer.Raw(context);
        }
    }
}

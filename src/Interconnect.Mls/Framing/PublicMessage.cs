using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Framing;

/// <summary>
/// PublicMessage of RFC 9420 section 6.2.
/// <c>struct { FramedContent content; FramedContentAuthData auth; select { member: MAC membership_tag; } }</c>
/// </summary>
internal sealed record PublicMessage(FramedContent Content, ContentAuth Auth, ReadOnlyMemory<byte>? MembershipTag) : IMlsStructure<PublicMessage>
{
    public static PublicMessage Read(ref MlsReader reader)
    {
        reader.Enter("public_message");
        var content = FramedContent.Read(ref reader);
        var auth = ContentAuth.Read(ref reader, content.Content.Type);
        ReadOnlyMemory<byte>? tag = content.Sender is Sender.Member ? reader.Opaque("membership_tag") : default(ReadOnlyMemory<byte>?);
        reader.Leave();
        return new PublicMessage(content, auth, tag);
    }

    public AuthenticatedContent Authenticated => new(WireFormat.PublicMessage, Content, Auth);

    public void Write(MlsWriter writer)
    {
        Content.Write(writer);
        Auth.Write(writer, Content.Content.Type);
        if (Content.Sender is Sender.Member)
        {
            writer.Opaque(MembershipTag.GetValueOrDefault());
        }
    }
}

using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Framing;

/// <summary>Numbers of RFC 9420 section 6.</summary>
internal enum ContentType : byte
{
    Application = 1,
    Proposal = 2,
    Commit = 3,
}

/// <summary>Numbers of RFC 9420 section 17.2.</summary>
internal enum WireFormat : ushort
{
    PublicMessage = 1,
    PrivateMessage = 2,
    Welcome = 3,
    GroupInfo = 4,
    KeyPackage = 5,
}

/// <summary>What a message holds. Closed set.</summary>
internal abstract record Content
{
    private Content()
    {
    }

    internal sealed record Application(ReadOnlyMemory<byte> Data) : Content
    {
        public override string ToString() => "application data (redacted)";
    }

    internal sealed record OfProposal(Proposal Proposal) : Content;

    internal sealed record OfCommit(Commit Commit) : Content;

    public ContentType Type => this switch
    {
        Application => ContentType.Application,
        OfProposal => ContentType.Proposal,
        OfCommit => ContentType.Commit,
        _ => throw new InvalidOperationException("The set of contents is closed."),
    };

    public static ContentType ReadType(ref MlsReader reader)
    {
        var type = reader.U8("content_type");
        return type is >= 1 and <= 3 ? (ContentType)type : throw reader.Refusal(Rules.UnknownValue, "content_type");
    }

    public static Content Read(ref MlsReader reader, ContentType type) => type switch
    {
        ContentType.Application => new Application(reader.Opaque("application_data")),
        ContentType.Proposal => new OfProposal(Proposal.Read(ref reader)),
        ContentType.Commit => new OfCommit(Commit.Read(ref reader)),
    };

    public void Write(MlsWriter writer)
    {
        switch (this)
        {
            case Application application:
                writer.Opaque(application.Data);
                break;
            case OfProposal proposal:
                proposal.Proposal.Write(writer);
                break;
            case OfCommit commit:
                commit.Commit.Write(writer);
                break;
        }
    }
}

/// <summary>
/// FramedContent of RFC 9420 section 6.
/// <c>struct { opaque group_id&lt;V&gt;; uint64 epoch; Sender sender; opaque authenticated_data&lt;V&gt;; ContentType content_type; select (...); }</c>
/// </summary>
internal sealed record FramedContent(ReadOnlyMemory<byte> GroupId, ulong Epoch, Sender Sender, ReadOnlyMemory<byte> AuthenticatedData, Content Content)
    : IMlsStructure<FramedContent>
{
    public static FramedContent Read(ref MlsReader reader) => new(
        reader.Opaque("group_id"),
        reader.U64("epoch"),
        Sender.Read(ref reader),
        reader.Opaque("authenticated_data"),
        Content.Read(ref reader, Content.ReadType(ref reader)));

    public void Write(MlsWriter writer)
    {
        writer.Opaque(GroupId);
        writer.U64(Epoch);
        Sender.Write(writer);
        writer.Opaque(AuthenticatedData);
        writer.U8((byte)Content.Type);
        Content.Write(writer);
    }
}

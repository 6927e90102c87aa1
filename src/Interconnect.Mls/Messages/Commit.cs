using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Messages;

/// <summary>
/// A proposal by value or by reference (RFC 9420 section 12.4). Closed set.
/// <c>struct { ProposalOrRefType type; select { proposal(1): Proposal; reference(2): opaque reference&lt;V&gt;; } }</c>
/// </summary>
internal abstract record ProposalOrRef : IMlsStructure<ProposalOrRef>
{
    private ProposalOrRef()
    {
    }

    internal sealed record ByValue(Proposal Proposal) : ProposalOrRef;

    internal sealed record ByReference(ReadOnlyMemory<byte> Reference) : ProposalOrRef;

    public static ProposalOrRef Read(ref MlsReader reader) => reader.U8("proposal_or_ref_type") switch
    {
        1 => new ByValue(Proposal.Read(ref reader)),
        2 => new ByReference(reader.Opaque("reference")),
        _ => throw reader.Refusal(Rules.UnknownValue, "proposal_or_ref_type"),
    };

    public void Write(MlsWriter writer)
    {
        switch (this)
        {
            case ByValue value:
                writer.U8(1);
                value.Proposal.Write(writer);
                break;
            case ByReference reference:
                writer.U8(2);
                writer.Opaque(reference.Reference);
                break;
        }
    }
}

/// <summary>struct { ProposalOrRef proposals&lt;V&gt;; optional&lt;UpdatePath&gt; path; } Commit (RFC 9420 section 12.4)</summary>
internal sealed record Commit(IReadOnlyList<ProposalOrRef> Proposals, UpdatePath? Path) : IMlsStructure<Commit>
{
    public static Commit Read(ref MlsReader reader)
    {
        reader.Enter("commit");
        var commit = new Commit(
            Codec.ReadVector<ProposalOrRef>(ref reader, "proposals"),
            reader.Optional("path") ? UpdatePath.Read(ref reader) : null);
        reader.Leave();
        return commit;
    }

    public void Write(MlsWriter writer)
    {
        Codec.WriteVector(writer, Proposals);
        writer.Optional(Path is not null);
        Path?.Write(writer);
    }
}

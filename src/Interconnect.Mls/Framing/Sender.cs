using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Framing;

/// <summary>
/// Who sent a message (RFC 9420 section 6). Closed set.
/// <c>struct { SenderType sender_type; select { member(1): uint32 leaf_index; external(2): uint32 sender_index; new_member_proposal(3), new_member_commit(4): empty } }</c>
/// </summary>
internal abstract record Sender
{
    private Sender()
    {
    }

    internal sealed record Member(uint LeafIndex) : Sender;

    internal sealed record External(uint SenderIndex) : Sender;

    internal sealed record NewMemberProposal : Sender;

    internal sealed record NewMemberCommit : Sender;

    public static Sender Read(ref MlsReader reader) => reader.U8("sender_type") switch
    {
        1 => new Member(reader.U32("leaf_index")),
        2 => new External(reader.U32("sender_index")),
        3 => new NewMemberProposal(),
        4 => new NewMemberCommit(),
        _ => throw reader.Refusal(Rules.UnknownValue, "sender_type"),
    };

    public void Write(MlsWriter writer)
    {
        switch (this)
        {
            case Member member:
                writer.U8(1);
                writer.U32(member.LeafIndex);
                break;
            case External external:
                writer.U8(2);
                writer.U32(external.SenderIndex);
                break;
            case NewMemberProposal:
                writer.U8(3);
                break;
            case NewMemberCommit:
                writer.U8(4);
                break;
        }
    }
}

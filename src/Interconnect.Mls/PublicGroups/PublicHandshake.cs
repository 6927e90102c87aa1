using System.Diagnostics.CodeAnalysis;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.PublicGroups;

/// <summary>What anybody can read from a PublicMessage that holds a proposal or a commit. Nothing in it is verified.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch it is meant for.</param>
/// <param name="ContentType">2 proposal, 3 commit.</param>
/// <param name="SenderType">1 member, 2 external, 3 new_member_proposal, 4 new_member_commit.</param>
/// <param name="SenderIndex">Leaf index of a member, index in external_senders of an external sender, null for new members.</param>
/// <param name="ProposalType">RFC 9420 section 17.4 number of a proposal; null for a commit.</param>
/// <param name="AuthenticatedData">What the sender authenticated in clear.</param>
public sealed record PublicHandshake(
    ReadOnlyMemory<byte> GroupId, ulong Epoch, byte ContentType, byte SenderType, uint? SenderIndex, ushort? ProposalType,
    ReadOnlyMemory<byte> AuthenticatedData)
{
    /// <summary>How many proposals a commit lists, by value or by reference; 0 for a proposal.</summary>
    public int ProposalCount { get; init; }

    /// <summary>True for a commit, false for a proposal.</summary>
    public bool IsCommit => ContentType == (byte)Framing.ContentType.Commit;

    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed PublicMessage with a proposal or commit.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out PublicHandshake? header, [NotNullWhen(false)] out MlsError? error) =>
        MlsRefusal.Catch(() => Read(ServerDecoding.Decode<MlsMessage.OfPublicMessage>(mlsMessage).Message.Content)).TryGet(out header, out error);

    internal static (byte Type, uint? Index) Describe(Sender sender) => sender switch
    {
        Sender.Member member => ((byte)1, (uint?)member.LeafIndex),
        Sender.External external => ((byte)2, external.SenderIndex),
        Sender.NewMemberProposal => ((byte)3, null),
        Sender.NewMemberCommit => ((byte)4, null),
        _ => throw new InvalidOperationException("The set of senders is closed."),
    };

    private static PublicHandshake Read(FramedContent content)
    {
        Rules.ApplicationEncrypted.Require(content.Content is not Content.Application);
        var (senderType, senderIndex) = Describe(content.Sender);
        var proposalType = (content.Content as Content.OfProposal)?.Proposal.Type;
        return new PublicHandshake(
            content.GroupId, content.Epoch, (byte)content.Content.Type, senderType, senderIndex, proposalType, content.AuthenticatedData)
        {
            ProposalCount = (content.Content as Content.OfCommit)?.Commit.Proposals.Count ?? 0,
        };
    }
}

using Interconnect.Mls.Components;

namespace Interconnect.Mls;

/// <summary>What a received message was, after every check passed. Closed set.</summary>
/// <param name="NewState">The group after the message; save it, then erase <paramref name="Consumed"/>.</param>
/// <param name="Consumed">Erase after <paramref name="NewState"/> is saved.</param>
public abstract record Processed(MlsGroup NewState, ConsumedSecrets Consumed)
{
    /// <summary>Application data.</summary>
    /// <param name="Sender">The member that signed it, as it was in the message's epoch.</param>
    /// <param name="Data">The decrypted data; the caller's to erase.</param>
    /// <param name="AuthenticatedData">What was authenticated but not encrypted.</param>
    /// <param name="Epoch">The epoch it was sent in; may be a retained past one.</param>
    /// <param name="Generation">The sender's generation.</param>
    public sealed record ApplicationMessage(
        MlsGroup NewState, ConsumedSecrets Consumed, Member Sender, byte[] Data, ReadOnlyMemory<byte> AuthenticatedData, ulong Epoch, uint Generation)
        : Processed(NewState, Consumed)
    {
        /// <summary>Redacted: the data is content.</summary>
        public override string ToString() => $"application message, epoch {Epoch}, generation {Generation}";
    }

    /// <summary>A commit took the group to its next epoch.</summary>
    /// <param name="Committer">Who committed; an external committer is shown at its new leaf.</param>
    /// <param name="Added">Members that joined, an external committer included.</param>
    /// <param name="Removed">Members that are gone, as they were before.</param>
    /// <param name="ReInit">The group is to be re-created, as <see cref="MlsGroup.ReInit"/> says, and accepts nothing more.</param>
    public sealed record CommitApplied(
        MlsGroup NewState, ConsumedSecrets Consumed, Member Committer, IReadOnlyList<Member> Added, IReadOnlyList<Member> Removed, bool ReInit, ReadOnlyMemory<byte> AuthenticatedData)
        : Processed(NewState, Consumed)
    {
        /// <summary>What AppEphemeral proposals of the commit brought, in order, accepted by the component.</summary>
        public IReadOnlyList<ComponentChange> Ephemeral { get; init; } = [];
    }

    /// <summary>A commit removed this client; <see cref="Processed.NewState"/> is the last state, good only for late messages of past epochs.</summary>
    /// <param name="Committer">Who committed.</param>
    public sealed record RemovedFromGroup(MlsGroup NewState, ConsumedSecrets Consumed, Member Committer)
        : Processed(NewState, Consumed);

    /// <summary>A proposal was checked and stored for a later commit.</summary>
    /// <param name="Proposer">The member that proposed; null when it came from outside the group.</param>
    /// <param name="ProposalType">RFC 9420 section 17.4 number: 1 add, 2 update, 3 remove, 4 psk, 5 reinit, 7 group_context_extensions; of draft-ietf-mls-extensions-10: 8 app_data_update, 9 app_ephemeral, 10 self_remove.</param>
    public sealed record ProposalStored(MlsGroup NewState, ConsumedSecrets Consumed, Member? Proposer, ushort ProposalType)
        : Processed(NewState, Consumed);
}

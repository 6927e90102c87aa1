using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>The confirmed transcript hash of an epoch.</summary>
internal sealed record PastHash(ulong Epoch, byte[] ConfirmedTranscriptHash);

/// <summary>All that a server knows of a group. Immutable; nothing in it is secret.</summary>
internal sealed record PublicGroupState
{
    public required CipherSuite Suite { get; init; }

    public required bool IsActive { get; init; }

    public required GroupContext Context { get; init; }

    /// <summary>The context's encoding; every signature covers it.</summary>
    public required byte[] EncodedContext { get; init; }

    public required RatchetTree Tree { get; init; }

    /// <summary>As the last commit or GroupInfo said it; unverifiable here.</summary>
    public required byte[] ConfirmationTag { get; init; }

    public required byte[] InterimTranscriptHash { get; init; }

    public ImmutableList<StoredProposal> Pending { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public ImmutableList<PastHash> History { get; init; } = [];

    /// <summary>MLSMessage with a checked GroupInfo of this epoch; null when none came.</summary>
    public byte[]? GroupInfo { get; init; }

    public static PublicGroupState Enter(CipherSuite suite, GroupContext context, RatchetTree tree, ReadOnlySpan<byte> confirmationTag)
    {
        Rules.GroupInfoFollows.Require(confirmationTag.Length == suite.Hash.Size);
        return new PublicGroupState
        {
            Suite = suite,
            IsActive = true,
            Context = context,
            EncodedContext = Codec.Encode(context),
            Tree = tree,
            ConfirmationTag = confirmationTag.ToArray(),
            InterimTranscriptHash = TranscriptHash.Interim(suite, context.ConfirmedTranscriptHash.Span, confirmationTag),
        };
    }

    /// <summary>The history of the epoch that follows this one.</summary>
    public ImmutableList<PastHash> HistoryAfter(int retained)
    {
        var history = History.Add(new PastHash(Context.Epoch, Context.ConfirmedTranscriptHash.ToArray()));
        return history.Count > retained ? history.RemoveRange(0, history.Count - retained) : history;
    }
}

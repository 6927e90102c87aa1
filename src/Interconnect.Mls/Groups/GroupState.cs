using System.Collections.Immutable;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Whether a group goes on.</summary>
internal enum GroupStatus : byte
{
    Active = 0,
    Removed = 1,
    ReInitialised = 2,
}

/// <summary>What is kept of an epoch that is over, to read its late application messages.</summary>
internal sealed record PastEpoch(ulong Epoch, byte[] Context, RatchetTree Tree, Secret<Kind.SenderData> SenderData, SecretTree SecretTree)
{
    public override string ToString() => $"past epoch {Epoch} (redacted)";
}

/// <summary>All that a member knows of its group. Immutable.</summary>
internal sealed record GroupState
{
    public required CipherSuite Suite { get; init; }

    public required GroupStatus Status { get; init; }

    public required GroupContext Context { get; init; }

    /// <summary>The context's encoding; every signature covers it.</summary>
    public required byte[] EncodedContext { get; init; }

    public required RatchetTree Tree { get; init; }

    public required byte[] ConfirmationTag { get; init; }

    public required byte[] InterimTranscriptHash { get; init; }

    public required EpochSecrets Secrets { get; init; }

    public required SecretTree SecretTree { get; init; }

    public required PrivatePath Path { get; init; }

    public ImmutableList<StoredProposal> Stored { get; init; } = [];

    /// <summary>The keys of those stored proposals that are Updates of this client.</summary>
    public ImmutableList<OwnUpdate> OwnUpdates { get; init; } = [];

    /// <summary>Newest first.</summary>
    public ImmutableList<PastEpoch> Past { get; init; } = [];

    /// <summary>resumption_psk by epoch, the current one included.</summary>
    public ImmutableSortedDictionary<ulong, Secret<Kind.Resumption>> Resumption { get; init; } =
        ImmutableSortedDictionary<ulong, Secret<Kind.Resumption>>.Empty;

    public uint OwnLeaf => Path.LeafIndex;

    public StoredProposal? FindStored(ReadOnlySpan<byte> reference) => StoredProposal.Find(Stored, reference);

    /// <summary>Null when the stored proposal is no Update of this client.</summary>
    public IDhPrivateKey? OwnUpdateKey(StoredProposal stored) => OwnUpdates.Find(own => own.Reference.AsSpan().SequenceEqual(stored.Reference))?.LeafKey;

    /// <summary>The first state of an epoch for somebody who has no earlier one.</summary>
    public static GroupState Enter(
        CipherSuite suite, GroupContext context, RatchetTree tree, EpochSecrets secrets, byte[] confirmationTag, PrivatePath path) => new()
        {
            Suite = suite,
            Status = GroupStatus.Active,
            Context = context,
            EncodedContext = Codec.Encode(context),
            Tree = tree,
            ConfirmationTag = confirmationTag,
            InterimTranscriptHash = TranscriptHash.Interim(suite, context.ConfirmedTranscriptHash.Span, confirmationTag),
            Secrets = secrets,
            SecretTree = SecretTree.Start(tree.LeafCount, secrets.Encryption.Owned),
            Path = path,
            Resumption = ImmutableSortedDictionary<ulong, Secret<Kind.Resumption>>.Empty.Add(context.Epoch, secrets.Resumption),
        };

    /// <summary>
    /// The state after a commit. Secrets of this epoch that nothing needs any more, and of past epochs that leave the window, go into the list of consumed.
    /// </summary>
    public GroupState Next(GroupState entered, MlsOptions options, ConsumedSecrets consumed)
    {
        foreach (var secret in Secrets.SecretsOfTheEpoch())
        {
            consumed.Add(secret);
        }

        var past = Past.Insert(0, new PastEpoch(Context.Epoch, EncodedContext, Tree, Secrets.SenderData, SecretTree));
        while (past.Count > options.RetainedEpochs)
        {
            var dropped = past[^1];
            past = past.RemoveAt(past.Count - 1);
            consumed.Add(dropped.SenderData);
            foreach (var secret in dropped.SecretTree.AllSecrets())
            {
                consumed.Add(secret);
            }
        }

        var resumption = Resumption.SetItem(entered.Context.Epoch, entered.Secrets.Resumption);
        while (resumption.Count > options.RetainedResumptionPsks + 1)
        {
            var (oldest, psk) = resumption.First();
            resumption = resumption.Remove(oldest);
            consumed.Add(psk);
        }

        var kept = entered.Path.AllKeys().ToHashSet();
        foreach (var key in Path.AllKeys().Concat(OwnUpdates.Select(own => own.LeafKey)))
        {
            if (!kept.Contains(key))
            {
                consumed.Add(key);
            }
        }

        return entered with { Past = past, Resumption = resumption };
    }

    public override string ToString() => $"group state of epoch {Context.Epoch} (redacted)";
}

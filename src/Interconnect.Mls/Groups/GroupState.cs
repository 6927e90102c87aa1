using System.Collections.Immutable;
using Interconnect.Mls.Components;
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
    /// <summary>Whether that epoch's messages begin with a SafeAAD; read from its context, since late messages are few.</summary>
    public bool DemandsSafeAad => SafeAad.IsDemandedBy(Codec.Decode<GroupContext>(Context).Extensions);

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

    /// <summary>What <c>SafeExportSecret</c> has left in this epoch.</summary>
    public ExporterTree Exporter { get; init; } = ExporterTree.Spent;

    /// <summary>What the successor is to be; null unless the status is ReInitialised.</summary>
    public Proposal.ReInit? ReInit { get; init; }

    /// <summary>The GroupContext has the component safe_aad, so every message's authenticated data begins with a SafeAAD.</summary>
    public bool DemandsSafeAad { get; init; }

    public uint OwnLeaf => Path.LeafIndex;

    public StoredProposal? FindStored(ReadOnlySpan<byte> reference) => StoredProposal.Find(Stored, reference);

    /// <summary>Null when the stored proposal is no Update of this client.</summary>
    public IDhPrivateKey? OwnUpdateKey(StoredProposal stored) => FindOwnUpdate(stored)?.LeafKey;

    /// <summary>Null when the stored proposal is no Update of this client.</summary>
    public OwnUpdate? FindOwnUpdate(StoredProposal stored) => OwnUpdates.Find(own => own.Reference.AsSpan().SequenceEqual(stored.Reference));

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
            Exporter = ExporterTree.Start(secrets.ApplicationExport.Owned),
            DemandsSafeAad = SafeAad.IsDemandedBy(context.Extensions),
        };

    /// <summary>Frozen by a commit of this proposal; the same state when it is null.</summary>
    public GroupState EndedBy(Proposal.ReInit? reInit) => reInit is null ? this : this with { Status = GroupStatus.ReInitialised, ReInit = reInit };

    /// <summary>
    /// The state after a commit. Secrets of this epoch that nothing needs any more, and of past epochs that leave the window, go into the list of consumed.
    /// </summary>
    public GroupState Next(GroupState entered, MlsOptions options, ConsumedSecrets consumed)
    {
        foreach (var secret in Secrets.SecretsOfTheEpoch().Concat(Exporter.AllSecrets()))
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

using System.Collections.Immutable;
using System.Security.Cryptography;
using Interconnect.Mls.Components;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// The persisted form of a group, version 2; see <see cref="StateFormat"/>. The signature key is not in it: the client brings that. Version 1 ends before the
/// exporter tree: a state read from it exports no component secret in its epoch, and of a group that a ReInit ended it no longer knows the successor's form.
/// </summary>
internal static class GroupStateCodec
{
    public static byte[] Encode(GroupState state)
    {
        using var writer = StateFormat.Begin(StateFormat.KindGroup, StateFormat.GroupVersion);
        WriteBody(writer, state, ratchets: true);
        return writer.ToArray();
    }

    /// <summary>All but what <see cref="RatchetsCodec"/> writes: a kind of its own, with the body of version 2 less the secret trees.</summary>
    public static byte[] EncodeEpoch(GroupState state)
    {
        using var writer = StateFormat.Begin(StateFormat.KindEpoch, StateFormat.EpochVersion);
        WriteBody(writer, state, ratchets: false);
        return writer.ToArray();
    }

    /// <param name="exported">Erased when this returns: nothing of the state points into it.</param>
    /// <param name="ratchets">The other part when the first is without them, erased too; null for a whole one.</param>
    /// <param name="successor">Holds the signature key of an Update that this client proposed; null when there is none.</param>
    public static GroupState Decode(MlsClient client, byte[] exported, byte[]? ratchets = null, MlsClient? successor = null)
    {
        try
        {
            var state = Read(client, exported, ratchets);
            return successor is null ? state : state with { OwnUpdates = state.OwnUpdates.ConvertAll(own => WithSuccessor(state, own, successor)) };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(exported);
            CryptographicOperations.ZeroMemory(ratchets);
        }
    }

    private static void WriteBody(MlsWriter writer, GroupState state, bool ratchets)
    {
        writer.U8((byte)state.Status);
        state.Context.Write(writer);
        writer.Raw(RatchetTreeCodec.Encode(state.Tree));
        writer.Opaque(state.ConfirmationTag);
        writer.Opaque(state.InterimTranscriptHash);
        EpochSecretsCodec.Write(writer, state.Secrets);
        if (ratchets)
        {
            SecretTreeCodec.Write(writer, state.SecretTree);
        }

        WritePath(writer, state.Path);
        WriteStored(writer, state);
        WritePast(writer, state.Past, ratchets);
        WriteResumption(writer, state.Resumption);
        ExporterTreeCodec.Write(writer, state.Exporter);
        writer.Optional(state.ReInit is not null);
        state.ReInit?.Write(writer);
    }

    private static OwnUpdate WithSuccessor(GroupState state, OwnUpdate own, MlsClient successor) =>
        state.FindStored(own.Reference)?.Proposal is Proposal.Update update
        && update.Leaf.SignatureKey.Span.SequenceEqual(successor.SignatureKey.PublicKey.Span)
            ? own with { Successor = successor }
            : own;

    private static GroupState Read(MlsClient client, byte[] exported, byte[]? ratchets)
    {
        var whole = ratchets is null;
        var reader = whole
            ? StateFormat.Open(exported, StateFormat.KindGroup, StateFormat.GroupVersion, out var version)
            : StateFormat.Open(exported, StateFormat.KindEpoch, StateFormat.EpochVersion, out version);
        var status = reader.U8("status");
        Rules.StateConsistent.Require(status <= (byte)GroupStatus.ReInitialised);
        var context = Codec.ReadDetached<GroupContext>(ref reader);
        Rules.StateConsistent.Require(CipherSuite.TryGet(context.Suite, out var suite));
        var tree = ReadTree(ref reader, suite!);
        var tag = reader.Opaque("confirmation_tag").ToArray();
        var interim = reader.Opaque("interim_transcript_hash").ToArray();
        var secrets = EpochSecretsCodec.Read(ref reader);
        var state = new GroupState
        {
            Suite = suite!,
            Status = (GroupStatus)status,
            Context = context,
            EncodedContext = Codec.Encode(context),
            Tree = tree,
            ConfirmationTag = tag,
            InterimTranscriptHash = interim,
            Secrets = secrets,
            SecretTree = whole ? SecretTreeCodec.Read(ref reader, suite!, tree.LeafCount) : Elsewhere(tree),
            Path = ReadPath(ref reader, suite!),
            Stored = ReadStored(ref reader, suite!, out var ownUpdates),
            OwnUpdates = ownUpdates,
            Past = ReadPast(ref reader, suite!, whole),
            Resumption = ReadResumption(ref reader, context.Epoch, secrets.Resumption),
            DemandsSafeAad = SafeAad.IsDemandedBy(context.Extensions),
        };
        if (!whole || version >= 2)
        {
            state = state with { Exporter = ExporterTreeCodec.Read(ref reader, suite!), ReInit = ReadReInit(ref reader, state.Status) };
        }

        reader.End();
        RequireConsistent(state, client);
        return whole ? state : RatchetsCodec.Decode(state, ratchets!);
    }

    private static void RequireConsistent(GroupState state, MlsClient client)
    {
        Rules.StateConsistent.Require(state.Tree.TreeHash.AsSpan().SequenceEqual(state.Context.TreeHash.Span));
        var own = state.Tree.Leaf(state.OwnLeaf);
        Rules.StateConsistent.Require(own is not null && own.EncryptionKey.Span.SequenceEqual(state.Path.LeafKey.PublicKey.Span));
        Rules.StateConsistent.Require(state.Secrets.Init.Length == state.Suite.Hash.Size
            && state.Secrets.ConfirmationTag(state.Suite, state.Context.ConfirmedTranscriptHash.Span).AsSpan().SequenceEqual(state.ConfirmationTag));
        Rules.StateOwner.Require(state.Suite == client.Suite && own!.SignatureKey.Span.SequenceEqual(client.SignatureKey.PublicKey.Span));
    }

    private static RatchetTree ReadTree(ref MlsReader reader, CipherSuite suite)
    {
        var start = reader.Position;
        reader.Opaque("ratchet_tree");
        return RatchetTreeCodec.Decode(suite, reader.Since(start).ToArray());
    }

    private static void WritePath(MlsWriter writer, PrivatePath path)
    {
        writer.U32(path.LeafIndex);
        StateFormat.WritePrivateKey(writer, path.LeafKey);
        var mark = writer.BeginVector();
        foreach (var (node, key) in path.NodeKeys.OrderBy(item => item.Key))
        {
            writer.U32(node);
            StateFormat.WritePrivateKey(writer, key);
        }

        writer.EndVector(mark);
    }

    private static PrivatePath ReadPath(ref MlsReader reader, CipherSuite suite)
    {
        var path = PrivatePath.OfLeaf(reader.U32("leaf_index"), suite.Kem.Group.ImportPrivate(reader.Opaque("leaf_key").Span));
        var keys = path.NodeKeys.ToBuilder();
        var outer = reader.BeginVector("node_keys");
        while (!reader.AtEnd)
        {
            keys[reader.U32("node")] = suite.Kem.Group.ImportPrivate(reader.Opaque("key").Span);
        }

        reader.EndVector(outer);
        return path with { NodeKeys = keys.ToImmutable() };
    }

    private static void WriteStored(MlsWriter writer, GroupState state)
    {
        var mark = writer.BeginVector();
        foreach (var item in state.Stored)
        {
            var leafKey = state.OwnUpdateKey(item);
            writer.Opaque(item.Reference);
            item.Proposal.Write(writer);
            item.Sender.Write(writer);
            writer.Optional(leafKey is not null);
            if (leafKey is not null)
            {
                StateFormat.WritePrivateKey(writer, leafKey);
            }
        }

        writer.EndVector(mark);
    }

    private static ImmutableList<StoredProposal> ReadStored(ref MlsReader reader, CipherSuite suite, out ImmutableList<OwnUpdate> ownUpdates)
    {
        var stored = ImmutableList.CreateBuilder<StoredProposal>();
        var own = ImmutableList.CreateBuilder<OwnUpdate>();
        var outer = reader.BeginVector("stored_proposals");
        while (!reader.AtEnd)
        {
            var item = new StoredProposal(reader.Opaque("reference").ToArray(), Codec.ReadDetached<Proposal>(ref reader), Sender.Read(ref reader));
            stored.Add(item);
            if (reader.Optional("leaf_key"))
            {
                own.Add(new OwnUpdate(item.Reference, suite.Kem.Group.ImportPrivate(reader.Opaque("leaf_key").Span)));
            }
        }

        reader.EndVector(outer);
        ownUpdates = own.ToImmutable();
        return stored.ToImmutable();
    }

    // Stands where RatchetsCodec puts the real one.
    private static SecretTree Elsewhere(RatchetTree tree) => SecretTree.Start(tree.LeafCount, []);

    private static void WritePast(MlsWriter writer, ImmutableList<PastEpoch> past, bool ratchets)
    {
        var mark = writer.BeginVector();
        foreach (var epoch in past)
        {
            writer.U64(epoch.Epoch);
            writer.Opaque(epoch.Context);
            writer.Raw(RatchetTreeCodec.Encode(epoch.Tree));
            writer.Opaque(epoch.SenderData.Span);
            if (ratchets)
            {
                SecretTreeCodec.Write(writer, epoch.SecretTree);
            }
        }

        writer.EndVector(mark);
    }

    private static ImmutableList<PastEpoch> ReadPast(ref MlsReader reader, CipherSuite suite, bool whole)
    {
        var past = ImmutableList.CreateBuilder<PastEpoch>();
        var outer = reader.BeginVector("past_epochs");
        while (!reader.AtEnd)
        {
            var epoch = reader.U64("epoch");
            var context = reader.Opaque("context").ToArray();
            var tree = ReadTree(ref reader, suite);
            var senderData = Secret<Kind.SenderData>.CopyOf(reader.Opaque("sender_data").Span);
            past.Add(new PastEpoch(epoch, context, tree, senderData, whole ? SecretTreeCodec.Read(ref reader, suite, tree.LeafCount) : Elsewhere(tree)));
        }

        reader.EndVector(outer);
        return past.ToImmutable();
    }

    private static void WriteResumption(MlsWriter writer, ImmutableSortedDictionary<ulong, Secret<Kind.Resumption>> psks)
    {
        var mark = writer.BeginVector();
        foreach (var (epoch, psk) in psks)
        {
            writer.U64(epoch);
            writer.Opaque(psk.Span);
        }

        writer.EndVector(mark);
    }

    // The current epoch's PSK is shared with the epoch's secrets, so that erasing it erases it once and for all.
    private static ImmutableSortedDictionary<ulong, Secret<Kind.Resumption>> ReadResumption(
        ref MlsReader reader, ulong currentEpoch, Secret<Kind.Resumption> current)
    {
        var psks = ImmutableSortedDictionary.CreateBuilder<ulong, Secret<Kind.Resumption>>();
        var outer = reader.BeginVector("resumption_psks");
        while (!reader.AtEnd)
        {
            psks[reader.U64("epoch")] = Secret<Kind.Resumption>.CopyOf(reader.Opaque("psk").Span);
        }

        reader.EndVector(outer);
        psks[currentEpoch] = current;
        return psks.ToImmutable();
    }

    private static Proposal.ReInit? ReadReInit(ref MlsReader reader, GroupStatus status)
    {
        var plan = reader.Optional("reinit") ? Codec.ReadDetached<Proposal>(ref reader) : null;
        Rules.StateConsistent.Require(plan is null || (plan is Proposal.ReInit && status == GroupStatus.ReInitialised));
        return (Proposal.ReInit?)plan;
    }
}

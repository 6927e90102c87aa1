using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>The persisted form of a public group, version 1; see <see cref="StateFormat"/>.</summary>
internal static class PublicGroupCodec
{
    public static byte[] Encode(PublicGroupState state)
    {
        using var writer = StateFormat.Begin(StateFormat.KindPublicGroup, StateFormat.PublicGroupVersion);
        writer.Optional(state.IsActive);
        state.Context.Write(writer);
        writer.Raw(RatchetTreeCodec.Encode(state.Tree));
        writer.Opaque(state.ConfirmationTag);
        var pending = writer.BeginVector();
        foreach (var item in state.Pending)
        {
            writer.Opaque(item.Reference);
            item.Proposal.Write(writer);
            item.Sender.Write(writer);
        }

        writer.EndVector(pending);
        var history = writer.BeginVector();
        foreach (var past in state.History)
        {
            writer.U64(past.Epoch);
            writer.Opaque(past.ConfirmedTranscriptHash);
        }

        writer.EndVector(history);
        writer.Optional(state.GroupInfo is not null);
        if (state.GroupInfo is { } info)
        {
            writer.Opaque(info);
        }

        return writer.ToArray();
    }

    /// <param name="exported">Taken over: the state points into it.</param>
    public static PublicGroupState Decode(byte[] exported)
    {
        var reader = StateFormat.Open(exported, StateFormat.KindPublicGroup, StateFormat.PublicGroupVersion, out _);
        var active = reader.Optional("active");
        var context = GroupContext.Read(ref reader);
        Rules.StateConsistent.Require(CipherSuite.TryGet(context.Suite, out var suite));
        var start = reader.Position;
        reader.Opaque("ratchet_tree");
        var tree = RatchetTreeCodec.Decode(suite!, reader.Since(start));
        var tag = reader.Opaque("confirmation_tag");
        Rules.StateConsistent.Require(
            tag.Length == suite!.Hash.Size && tree.TreeHash.AsSpan().SequenceEqual(context.TreeHash.Span) && tree.HasDistinctEncryptionKeys && tree.HasDistinctSignatureKeys);
        var state = PublicGroupState.Enter(suite, context, tree, tag.Span) with
        {
            IsActive = active,
            Pending = ReadPending(ref reader),
            History = ReadHistory(ref reader),
            GroupInfo = reader.Optional("group_info") ? reader.Opaque("group_info").ToArray() : null,
        };
        reader.End();
        return state;
    }

    private static ImmutableList<StoredProposal> ReadPending(ref MlsReader reader)
    {
        var pending = ImmutableList.CreateBuilder<StoredProposal>();
        var outer = reader.BeginVector("pending");
        while (!reader.AtEnd)
        {
            pending.Add(new StoredProposal(reader.Opaque("reference").ToArray(), Proposal.Read(ref reader), Sender.Read(ref reader)));
        }

        reader.EndVector(outer);
        return pending.ToImmutable();
    }

    private static ImmutableList<PastHash> ReadHistory(ref MlsReader reader)
    {
        var history = ImmutableList.CreateBuilder<PastHash>();
        var outer = reader.BeginVector("history");
        while (!reader.AtEnd)
        {
            history.Add(new PastHash(reader.U64("epoch"), reader.Opaque("confirmed_transcript_hash").ToArray()));
        }

        reader.EndVector(outer);
        return history.ToImmutable();
    }
}

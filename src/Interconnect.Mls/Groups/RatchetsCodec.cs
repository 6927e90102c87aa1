using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Groups;

/// <summary>
/// The part of a persisted group that changes with every message: the secret trees of the current epoch and of the retained past ones. Version 1; see
/// <see cref="StateFormat"/>. It names the epoch it belongs to, so that it is not read beside another.
/// </summary>
internal static class RatchetsCodec
{
    public static byte[] Encode(GroupState state)
    {
        using var writer = StateFormat.Begin(StateFormat.KindRatchets, StateFormat.RatchetsVersion);
        writer.Opaque(Binding(state.Suite, state.EncodedContext));
        writer.U32(checked((uint)state.Past.Count));
        SecretTreeCodec.Write(writer, state.SecretTree);
        foreach (var past in state.Past)
        {
            SecretTreeCodec.Write(writer, past.SecretTree);
        }

        return writer.ToArray();
    }

    /// <summary>Puts the ratchets into a state that was read without them. Refuses those of another epoch or group (MLS-802).</summary>
    public static GroupState Decode(GroupState state, ReadOnlyMemory<byte> exported)
    {
        var reader = StateFormat.Open(exported, StateFormat.KindRatchets, StateFormat.RatchetsVersion, out _);
        Rules.StateConsistent.Require(reader.Opaque("binding").Span.SequenceEqual(Binding(state.Suite, state.EncodedContext)));
        Rules.StateConsistent.Require(reader.U32("past_epochs") == state.Past.Count);
        var current = SecretTreeCodec.Read(ref reader, state.Suite, state.Tree.LeafCount);
        var past = state.Past.ToBuilder();
        for (var i = 0; i < past.Count; i++)
        {
            past[i] = past[i] with { SecretTree = SecretTreeCodec.Read(ref reader, state.Suite, past[i].Tree.LeafCount) };
        }

        reader.End();
        return state with { SecretTree = current, Past = past.ToImmutable() };
    }

    private static byte[] Binding(CipherSuite suite, byte[] encodedContext) => suite.Hash.Hash(encodedContext);
}

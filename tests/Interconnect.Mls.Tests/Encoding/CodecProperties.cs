using FsCheck;
using FsCheck.Fluent;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Encoding;

public sealed class CodecProperties
{
    [Fact]
    public void Opaque_AnyBytes_RoundTripWithTheShortestLength()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            using var writer = new MlsWriter(1);
            writer.Opaque(bytes);
            var reader = new MlsReader(writer.ToArray());
            var back = reader.Opaque("value").ToArray();
            reader.End();
            return back.AsSpan().SequenceEqual(bytes) && writer.Length == bytes.Length + MlsWriter.LengthSize(bytes.Length);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(16383)]
    [InlineData(16384)]
    [InlineData(70000)]
    public void Vector_LengthKnownOnlyAfterwards_IsMinimal(int size)
    {
        using var known = new MlsWriter();
        known.Opaque(new byte[size]);
        using var late = new MlsWriter(1);
        var mark = late.BeginVector();
        late.Raw(new byte[size]);
        late.EndVector(mark);
        Assert.Equal(known.ToArray(), late.ToArray());
    }

    [Fact]
    public void Capabilities_AnyNumbers_RoundTrip()
    {
        Prop.ForAll<ushort[], ushort[]>((a, b) =>
        {
            var capabilities = new Capabilities([1], a, b, a, b);
            var bytes = Codec.Encode(capabilities);
            return Codec.Encode(Codec.Decode<Capabilities>(bytes)).AsSpan().SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void PreSharedKeyId_AnyValues_RoundTrip()
    {
        Prop.ForAll<byte[], ulong, byte>((bytes, epoch, usage) =>
        {
            PreSharedKeyId[] ids =
            [
                new PreSharedKeyId.External(bytes, bytes),
                new PreSharedKeyId.Resumption((ResumptionUsage)(1 + (usage % 3)), bytes, epoch, bytes),
            ];
            return ids.All(id => Codec.Decode<PreSharedKeyId>(Codec.Encode(id)).Matches(id));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Reader_AnyBytes_RefusesWithOffsetAndPathOrReads()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            try
            {
                Codec.Decode<Proposal>(bytes);
                return true;
            }
            catch (MlsRefusal refusal)
            {
                return refusal.Error.Offset is >= 0 && refusal.Error.Offset <= bytes.Length && refusal.Error.Path is not null;
            }
        }).QuickCheckThrowOnFailure();
    }
}

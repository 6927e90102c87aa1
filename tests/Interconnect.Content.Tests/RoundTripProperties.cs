using System.Formats.Cbor;
using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Content.Tests;

public sealed class RoundTripProperties
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(12).WithQuietOnSuccess(true);

    [Fact]
    public void Message_EncodedAndDecoded_IsEqualAndEncodesTheSame() => Prop.ForAll(ContentGenerators.Messages, content =>
    {
        var encoded = content.Encode();

        Assert.True(MimiContent.TryDecode(encoded, out var decoded, out var error), error?.ToString());
        Assert.Equal(content, decoded);
        Assert.Equal(content.GetHashCode(), decoded.GetHashCode());
        Assert.Equal(encoded, decoded.Encode());
    }).Check(Config);

    [Fact]
    public void Message_Encoded_IsReadByTheFrameworksReaderToo() => Prop.ForAll(ContentGenerators.Messages, content =>
    {
        var reader = new CborReader(content.Encode(), CborConformanceMode.Strict);

        Assert.Equal(7, reader.ReadStartArray());
        Assert.Equal(Salt.Size, reader.ReadByteString().Length);
        for (var field = 1; field < 7; field++)
            reader.SkipValue();

        reader.ReadEndArray();
        Assert.Equal(0, reader.BytesRemaining);
    }).Check(Config);

    [Fact]
    public void Message_WithAnotherSalt_HasAnotherId() => Prop.ForAll(ContentGenerators.Messages, content =>
    {
        var id = MessageId.Compute("mimi://a.example/u/alice", "mimi://b.example/r/room", content.Encode());
        var salted = content with { Salt = Salt.Generate() };

        Assert.NotEqual(id, MessageId.Compute("mimi://a.example/u/alice", "mimi://b.example/r/room", salted.Encode()));
        Assert.Equal(id, MessageId.Compute("mimi://a.example/u/alice", "mimi://b.example/r/room", content.Encode()));
    }).Check(Config);

    [Fact]
    public void Report_EncodedAndDecoded_IsEqual() => Prop.ForAll(ContentGenerators.Reports, report =>
    {
        Assert.True(MessageStatusReport.TryDecode(report.Encode(), out var decoded, out var error), error?.ToString());
        Assert.Equal(report, decoded);
        Assert.Equal(report.GetHashCode(), decoded.GetHashCode());
    }).Check(Config);
}

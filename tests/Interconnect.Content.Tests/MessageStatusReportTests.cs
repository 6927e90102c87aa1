namespace Interconnect.Content.Tests;

public sealed class MessageStatusReportTests
{
    private static readonly string Id = Wire.Id;

    [Theory]
    [InlineData("a0", ContentReason.WrongType, 0, "")]
    [InlineData("9b 0000000100000000", ContentReason.CountBeyondInput, 0, "")]
    [InlineData("9f ff", ContentReason.IndefiniteLength, 0, "")]
    [InlineData("80 00", ContentReason.TrailingBytes, 1, "")]
    [InlineData("81 81 00", ContentReason.WrongItemCount, 1, "[0]")]
    [InlineData("81 82 41 01 02", ContentReason.MessageIdSize, 2, "[0].messageId")]
    public void TryDecode_BrokenRule_IsRefused(string hex, ContentReason reason, int offset, string field)
    {
        Assert.False(MessageStatusReport.TryDecode(Wire.Hex(hex), out _, out var error));
        Assert.Equal(new ContentError(reason, offset, field), error);
        Assert.True(MessageStatusReport.TryDecode(Wire.Hex($"81 82 {Id} 02"), out _, out _));
    }

    [Fact]
    public void TryDecode_StatusBeyondAByte_IsRefusedAndUnknownOneKept()
    {
        Assert.False(MessageStatusReport.TryDecode(Wire.Hex($"81 82 {Id} 19 0100"), out _, out var error));
        Assert.Equal(new ContentError(ContentReason.NumberOutOfRange, 36, "[0].status"), error);

        Assert.True(MessageStatusReport.TryDecode(Wire.Hex($"81 82 {Id} 18 ff"), out var report, out _));
        Assert.Equal(MessageStatusKind.Unknown, Assert.Single(report.Statuses).Kind);
        Assert.Equal(255, report.Statuses[0].Value);
    }

    [Fact]
    public void TryDecode_AboveTheBound_IsRefused()
    {
        var encoded = Wire.Hex($"81 82 {Id} 02");

        Assert.False(MessageStatusReport.TryDecode(encoded, new ContentLimits { MaxBytes = encoded.Length - 1 }, out _, out var error));
        Assert.Equal("CNT-001", error.RuleId);
        Assert.True(MessageStatusReport.TryDecode(encoded, new ContentLimits { MaxBytes = encoded.Length }, out _, out _));
    }

    [Fact]
    public void Encode_IdThatIsNone_IsOurDefect()
    {
        var broken = new MessageStatusReport([new MessageStatus(default, MessageStatusKind.Read)]);

        Assert.Equal("CNT-023", Assert.Throws<ContentException>(broken.Encode).Error.RuleId);
        Assert.Equal([0x80], new MessageStatusReport([]).Encode());
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageStatus(default, MessageStatusKind.Unknown));
    }
}

namespace Interconnect.Content.Tests;

public sealed class MessageIdTests
{
    private static readonly string Hex = "01" + new string('a', 62);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaag")]
    [InlineData("01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void TryParse_NotAnId_IsFalse(string? text)
    {
        Assert.False(MessageId.TryParse(text, out _));
        Assert.True(MessageId.TryParse(Hex, out var id));
        Assert.Equal(Hex, id.ToString());
        Assert.Equal(MessageId.Sha256Algorithm, id.Algorithm);
    }

    [Fact]
    public void Compute_OtherSenderRoomOrSplitBetweenThem_IsAnotherId()
    {
        var encoded = Wire.Message();
        var id = MessageId.Compute("ab", "c", encoded);

        Assert.NotEqual(id, MessageId.Compute("a", "bc", encoded));
        Assert.NotEqual(id, MessageId.Compute("ab", "d", encoded));
        Assert.NotEqual(id, MessageId.Compute("ab", "c", Wire.Message(topicId: "41 00")));
        Assert.Equal(id, MessageId.Compute("ab", "c", encoded));
    }

    [Fact]
    public void Compute_NotAMessageOrUriTooLong_IsTheCallersDefect()
    {
        var encoded = Wire.Message();

        Assert.Throws<ArgumentException>(() => MessageId.Compute("a", "b", []));
        Assert.Throws<ArgumentException>(() => MessageId.Compute("a", "b", encoded.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => MessageId.Compute(new string('a', 65536), "b", encoded));
        Assert.Equal(MessageId.Sha256Algorithm, MessageId.Compute(new string('a', 65535), "b", encoded).Algorithm);
    }

    [Fact]
    public void CompareTo_OrdersAsTheBytesDo()
    {
        MessageId[] sorted =
        [
            Id("0100000000000000000000000000000000000000000000000000000000000000"),
            Id("0100000000000000000000000000000000000000000000000000000000000001"),
            Id("01000000000000000000000000000000ff000000000000000000000000000000"),
            Id("01ff000000000000000000000000000000000000000000000000000000000000"),
        ];

        Assert.Equal(sorted, sorted.Reverse().Order());
    }

    private static MessageId Id(string hex) => MessageId.FromBytes(Convert.FromHexString(hex));
}

namespace Interconnect.Content.Tests;

public sealed class OriginAndExpiryTests
{
    private static readonly ContentOrigin Alice = new("mimi://a.example/u/alice", "mimi://hub.example/r/club");
    private static readonly DateTimeOffset Accepted = new(2026, 9, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void CheckOrigin_OtherSender_IsRefused()
    {
        var content = Compose.Text(Alice, "hello");

        Assert.Equal("CNT-036", content.CheckOrigin(Alice with { SenderUri = "mimi://a.example/u/mallory" })?.RuleId);
        Assert.Null(content.CheckOrigin(Alice));
    }

    [Fact]
    public void CheckOrigin_OtherRoom_IsRefused()
    {
        var content = Compose.Text(Alice, "hello");

        Assert.Equal("CNT-037", content.CheckOrigin(Alice with { RoomUri = "mimi://hub.example/r/other" })?.RuleId);
        Assert.Null(content.CheckOrigin(Alice));
    }

    [Fact]
    public void CheckOrigin_NothingClaimed_Agrees() =>
        Assert.Null((Compose.Text(Alice, "hello") with { Extensions = ContentExtensions.Empty }).CheckOrigin(Alice));

    [Theory]
    [InlineData(-367, false)]
    [InlineData(367, false)]
    [InlineData(-365, true)]
    [InlineData(365, true)]
    public void CheckExpiry_AbsoluteTime_MayLieAYearEitherWay(int days, bool plausible)
    {
        var content = Compose.Text(Alice, "hello") with { Expires = Expiration.At(Accepted.AddDays(days)) };

        Assert.Equal(plausible ? null : "CNT-025", content.CheckExpiry(Accepted)?.RuleId);
    }

    [Fact]
    public void CheckExpiry_RelativeOrNone_NeedsNoClock()
    {
        var content = Compose.Text(Alice, "hello");

        Assert.Equal("CNT-025", (content with { Expires = new Expiration(false, 60) }).CheckExpiry(Accepted)?.RuleId);
        Assert.Null((content with { Expires = new Expiration(true, 60) }).CheckExpiry(Accepted));
        Assert.Null(content.CheckExpiry(Accepted));
    }
}

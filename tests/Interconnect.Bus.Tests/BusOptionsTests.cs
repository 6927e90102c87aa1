using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Bus.Tests;

public sealed class BusOptionsTests
{
    [Fact]
    public void Problems_SeveralMistakes_AllListed()
    {
        var wrong = new BusOptions { Amqp = new Uri("http://broker.test/"), Partitions = 0, PrefetchFrames = 0, RetryAfter = TimeSpan.Zero, HandlerBackOffMax = TimeSpan.FromMilliseconds(1) };
        var problems = wrong.Problems().ToList();
        Assert.Equal(5, problems.Count);
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddInterconnectBus(wrong));

        Assert.Empty(new BusOptions().Problems());
        Assert.Empty(new BusOptions { Amqp = new Uri("amqps://broker.test/") }.Problems());
    }

    [Fact]
    public void ToString_AddressWithPassword_Redacted() =>
        Assert.DoesNotContain("secret", new BusOptions { Amqp = new Uri("amqp://user:secret@broker.test/") }.ToString(), StringComparison.Ordinal);
}

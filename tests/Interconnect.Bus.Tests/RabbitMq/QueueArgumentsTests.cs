using Interconnect.Bus.RabbitMq;
using Interconnect.Federation;

namespace Interconnect.Bus.Tests.RabbitMq;

public sealed class QueueArgumentsTests
{
    /// <summary>Golden: another value of any of these is refused by a broker that has the queue already.</summary>
    [Fact]
    public void Stream_Arguments_AreThoseOfExistingQueues()
    {
        Assert.Equal(
            "x-dead-letter-exchange=interconnect.parked x-dead-letter-strategy=at-least-once x-delivery-limit=1000000000 x-max-length-bytes=1073741824 x-overflow=reject-publish x-queue-type=quorum x-single-active-consumer=True",
            Text(QueueArguments.Stream()));
    }

    /// <summary>Only looked for where they are there already, so that an older one without a bound stays.</summary>
    [Fact]
    public void Parked_Arguments_BoundWhatIsKept()
    {
        Assert.Equal("x-delivery-limit=1000000000 x-max-length-bytes=1073741824 x-overflow=reject-publish x-queue-type=quorum", Text(QueueArguments.Parked()));
        Assert.Equal("x-delivery-limit=1000000000 x-max-length-bytes=67108864 x-overflow=drop-head x-queue-type=quorum", Text(QueueArguments.Unauthentic()));
    }

    [Fact]
    public void Names_ArePinned()
    {
        var submit = new BusAddress.Submit();
        var deliver = new BusAddress.Deliver(TestBus.Network);
        Assert.Equal(("interconnect.submit", "interconnect.submit.7", "7"), (BrokerNames.Exchange(submit), BrokerNames.Queue(submit, 7), BrokerNames.RoutingKey(7)));
        Assert.Equal("interconnect.report.0", BrokerNames.Queue(new BusAddress.Report(), 0));
        Assert.Equal(("interconnect.deliver.net-b", "interconnect.deliver.net-b"), (BrokerNames.Exchange(deliver), BrokerNames.Queue(deliver, 0)));
        Assert.Equal(("interconnect.parked", "interconnect.unauthentic"), (BrokerNames.Parked, BrokerNames.Unauthentic));
    }

    private static string Text(IDictionary<string, object?> arguments) => string.Join(' ', arguments.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}"));
}

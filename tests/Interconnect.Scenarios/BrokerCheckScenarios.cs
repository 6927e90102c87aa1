using Interconnect.Bus;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>What `interconnect check` says of a real broker.</summary>
public sealed class BrokerCheckScenarios
{
    [Fact(DisplayName = "A check of the broker signs in, and tells a wrong password from a virtual host that is not there")]
    public async Task SignsIn()
    {
        var right = new UriBuilder(DevServers.Load().Amqp);
        var password = new UriBuilder(right.Uri) { Password = "wrong" };
        var host = new UriBuilder(right.Uri) { Path = "no-such-vhost" };
        var port = new UriBuilder(right.Uri) { Port = 1 };

        Assert.Contains("user name or password", await BrokerCheck.WhyNotAsync(At(password), default), StringComparison.Ordinal);
        Assert.Contains("virtual host", await BrokerCheck.WhyNotAsync(At(host), default), StringComparison.Ordinal);
        Assert.Contains("ConnectionRefused", await BrokerCheck.WhyNotAsync(At(port), default), StringComparison.Ordinal);
        Assert.Null(await BrokerCheck.WhyNotAsync(At(right), default));

        static BusOptions At(UriBuilder broker) => new() { Amqp = broker.Uri };
    }
}

using System.Net;
using Interconnect.Bus;
using Interconnect.Federation;
using Interconnect.Scenarios.Crossing;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Scenarios;

/// <summary>The bus over TLS with certificates on both sides, on a real RabbitMQ that is given a listener for it.</summary>
[Collection(nameof(BusBroker))]
public sealed class BusTlsScenarios
{
    private static readonly BusAddress Deliver = new BusAddress.Deliver(NetworkId.Parse("net-b"));
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact(DisplayName = "Over TLS the broker shows a certificate of the authority given and asks for one; without, with another's, or for another host there is no connection")]
    public async Task CertificatesOnBothSides()
    {
        await using var broker = await BusBroker.CreateAsync();
        using var ours = new TlsCertificates();
        using var others = new TlsCertificates();
        var server = ours.Issue("broker.test", IPAddress.Loopback);
        var port = GatewayDeployment.FreePort();
        await broker.EvalAsync(
            $$"""
            {ok, _} = application:ensure_all_started(ssl),
            rabbit_networking:start_ssl_listener({"127.0.0.1", {{port}}}, [{cacertfile, "{{ours.AuthorityFile}}"}, {certfile, "{{server.Certificate}}"}, {keyfile, "{{server.Key}}"},
                {verify, verify_peer}, {fail_if_no_peer_cert, true}], 1).
            """);
        try
        {
            var client = ours.Issue("client");
            var stranger = others.Issue("client");
            var options = broker.Options with
            {
                Amqp = new UriBuilder(broker.Amqp) { Scheme = "amqps", Port = port }.Uri,
                Tls = new BusTlsOptions { CaFile = ours.AuthorityFile, CertificateFile = client.Certificate, KeyFile = client.Key },
            };
            Assert.NotNull(await WhyNotAsync(options with { Tls = options.Tls with { CertificateFile = null, KeyFile = null } }));
            Assert.NotNull(await WhyNotAsync(options with { Tls = options.Tls with { CertificateFile = stranger.Certificate, KeyFile = stranger.Key } }));
            Assert.Contains("certificate is not trusted", await WhyNotAsync(options with { Tls = options.Tls with { CaFile = others.AuthorityFile } }), StringComparison.Ordinal);
            Assert.Contains("certificate is not trusted", await WhyNotAsync(options with { Tls = options.Tls with { CaFile = null } }), StringComparison.Ordinal);
            Assert.Contains("certificate is not trusted", await WhyNotAsync(options with { Amqp = new UriBuilder(options.Amqp) { Host = "localhost" }.Uri }), StringComparison.Ordinal);

            Assert.Null(await WhyNotAsync(options));
            var ledger = new BusLedger(1);
            await using var reading = await broker.Bus(options).GetRequiredService<IBusConsumer>().ConsumeAsync(Deliver, ledger.Handler, default).AsTask().WaitAsync(Limit);
            using var patience = new CancellationTokenSource(Limit);
            await BusLedger.PublishAsync(broker.Bus(options).Publisher(), Deliver, 0, 50, 10, patience.Token);
            await ledger.WaitForAsync(50, Limit);
            Assert.Empty(ledger.Faults);
        }
        finally
        {
            await broker.EvalAsync($"rabbit_networking:stop_tcp_listener({{\"127.0.0.1\", {port}}}).");
        }
    }

    private static async Task<string?> WhyNotAsync(BusOptions options)
    {
        using var patience = new CancellationTokenSource(Limit);
        return await BrokerCheck.WhyNotAsync(options, patience.Token);
    }
}

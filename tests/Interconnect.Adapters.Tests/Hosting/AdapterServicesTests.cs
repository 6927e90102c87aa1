using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>Composition, and what the host tells of itself.</summary>
public sealed class AdapterServicesTests
{
    [Fact]
    public void AddInterconnectAdapter_Mistakes_AreAllListed()
    {
        var services = new ServiceCollection();
        var host = new AdapterHostOptions { Network = "Bad Name", ParallelConversations = 0, SubmitsInFlight = 0, MaxWaiting = 0, AttemptTimeout = TimeSpan.Zero, MaxBackOff = TimeSpan.Zero, GiveUpAfter = TimeSpan.Zero, Remember = TimeSpan.FromDays(1), RememberReceipts = TimeSpan.FromSeconds(59), RestartPause = TimeSpan.Zero };

        var xmpp = Assert.Throws<ArgumentException>(() => services.AddInterconnectAdapter(host, new XmppOptions { Port = 0 }));
        var matrix = Assert.Throws<ArgumentException>(() => services.AddInterconnectAdapter(host, new MatrixOptions()));

        Assert.Equal(10, host.Problems().Count());
        Assert.All(host.Problems(), p => Assert.True(xmpp.Message.Contains(p, StringComparison.Ordinal) && matrix.Message.Contains(p, StringComparison.Ordinal), p));
        Assert.Contains("xmpp:port", xmpp.Message, StringComparison.Ordinal);
        Assert.Contains("matrix:homeserver", matrix.Message, StringComparison.Ordinal);
        Assert.Empty(services);
    }

    [Fact]
    public async Task AddInterconnectAdapter_TwoNetworks_AreTwoRolesWithTheirHealth()
    {
        var bus = new ScriptedBus();
        var folder = Directory.CreateTempSubdirectory("adapter-services-");
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(Database.Create(new DatabaseOptions { ConnectionString = Path.Combine(folder.FullName, "x.db") }));
        services.AddSingleton<IBusPublishers>(bus);
        services.AddSingleton<IBusConsumer>(bus);
        services.AddInterconnectAdapter(new AdapterHostOptions { Network = "xmpp-a" }, new XmppOptions { Component = "gw.a.test", Provider = "a.test", Secret = "s" });
        services.AddInterconnectAdapter(new AdapterHostOptions { Network = "matrix-b" }, new MatrixOptions { Homeserver = "http://127.0.0.1:1", Provider = "hs.test", AsToken = "a", HsToken = "h" });
        await using var provider = services.BuildServiceProvider();

        var health = provider.GetServices<IAdapterHealth>().ToList();

        Assert.Equal(["xmpp-a", "matrix-b"], health.Select(h => h.Network.Value));
        Assert.Equal(health, provider.GetServices<IHostedService>().Cast<IAdapterHealth>());
        Assert.All(health, h => Assert.Equal(AdapterState.Starting, h.Status.State));
        Assert.NotNull(await health[0].WhyNotReadyAsync(default));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Delete(true);
    }

    [Fact]
    public async Task Metrics_OfADelivery_NameNetworkKindAndOutcomeOnly()
    {
        var seen = new ConcurrentBag<(string Name, string Labels)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Interconnect.Adapters")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => seen.Add((instrument.Name, string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}")))));
        listener.Start();
        var folder = Directory.CreateTempSubdirectory("adapter-metrics-");
        var alice = UserUri.Parse("mimi://a.test/u/alice");
        await using (var host = await HostHarness.StartAsync(new DatabaseOptions { ConnectionString = Path.Combine(folder.FullName, "x.db") }))
        {
            await host.Bus.DeliverAsync(Samples.Envelope(alice));
            await host.Bus.NextReportAsync();
        }

        folder.Delete(true);
        Assert.Contains(("interconnect_adapter_deliveries_total", "network=net-a,kind=encrypted_message,outcome=delivered"), seen);
        Assert.Contains(("interconnect_adapter_reports_total", "network=net-a,outcome=stored"), seen);
        Assert.DoesNotContain(seen, s => s.Labels.Contains("alice", StringComparison.Ordinal) || s.Labels.Contains("mimi:", StringComparison.Ordinal));
    }
}

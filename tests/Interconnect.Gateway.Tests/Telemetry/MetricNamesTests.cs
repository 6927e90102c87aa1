using System.Diagnostics.Metrics;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Telemetry.Prometheus;
using Interconnect.Gateway.Tests.Configuration;
using Interconnect.Testing;

namespace Interconnect.Gateway.Tests.Telemetry;

/// <summary>Metric names are an API: dashboards and alerts are written on them.</summary>
public sealed class MetricNamesTests
{
    private static readonly string Golden = Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Gateway.Tests", "Telemetry", "metric-names.txt");

    [Fact]
    public async Task Instruments_OfAllRoles_EqualTheGoldenFile()
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("Interconnect.", StringComparison.Ordinal))
                {
                    lock (found)
                    {
                        found.Add(Describe(instrument));
                    }
                }
            },
        };
        listener.Start();
        using var folder = new ConfigurationFolder();
        var environment = new Dictionary<string, string> { ["INTERCONNECT__HTTP__LISTEN"] = "127.0.0.1:0", ["INTERCONNECT__DATABASE__CONNECTIONSTRING"] = Path.Combine(folder.Folder, "x.db"), ["INTERCONNECT__NETWORKS__MATRIX_B__MATRIX__LISTEN"] = "http://127.0.0.1:47999" };
        var (configuration, problems) = GatewayConfiguration.Load(folder.Path, null, environment);
        Assert.Empty(problems);
        await using (var host = GatewayHost.Build(configuration!))
        {
            await host.StartAsync();
            for (var i = 0; i < 300 && !(Has(found, "interconnect_adapter_connected") && Has(found, "interconnect_adapter_discarded_total")); i++)
            {
                await Task.Delay(20);
            }

            await host.StopAsync();
        }

        var text = string.Join('\n', found) + "\n";
        await File.WriteAllTextAsync(Path.Combine(AppContext.BaseDirectory, "metric-names.received.txt"), text);
        Assert.Equal(await File.ReadAllTextAsync(Golden), text);
    }

    [Fact]
    public void Names_InTheGoldenFile_HaveTheirFormHelpAndUnit()
    {
        var lines = File.ReadAllLines(Golden);

        Assert.NotEmpty(lines);
        Assert.All(lines, line =>
        {
            Assert.Matches(@"^interconnect_[a-z]+(_[a-z]+)+ (counter|gauge|histogram)$", line);
            Assert.Equal(line.EndsWith(" counter", StringComparison.Ordinal), line.Split(' ')[0].EndsWith("_total", StringComparison.Ordinal));
        });
    }

    private static bool Has(SortedSet<string> found, string name)
    {
        lock (found)
        {
            return found.Any(f => f.StartsWith(name + " ", StringComparison.Ordinal));
        }
    }

    private static string Describe(Instrument instrument)
    {
        var kind = instrument.GetType().Name;
        var type = kind.Contains("UpDownCounter", StringComparison.Ordinal) || kind.Contains("Gauge", StringComparison.Ordinal) ? FamilyType.Gauge
            : kind.Contains("Counter", StringComparison.Ordinal) ? FamilyType.Counter : FamilyType.Histogram;
        var name = MetricNames.Family(instrument.Name, MetricNames.Unit(instrument.Unit), type);
        var help = string.IsNullOrWhiteSpace(instrument.Description) ? " without help" : string.Empty;
        return $"{name}{(type == FamilyType.Counter ? "_total" : string.Empty)} {type.ToString().ToLowerInvariant()}{help}";
    }
}

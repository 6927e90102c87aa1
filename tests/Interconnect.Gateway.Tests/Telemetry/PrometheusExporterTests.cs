using System.Diagnostics.Metrics;
using Interconnect.Gateway.Telemetry.Prometheus;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Interconnect.Gateway.Tests.Telemetry;

public sealed class PrometheusExporterTests
{
    private const string TextGolden =
        """
        # TYPE target_info gauge
        # HELP target_info Target metadata
        target_info{service_name="a\"b\\c\nd"} 1
        # TYPE test_open_connections gauge
        # HELP test_open_connections Open now.
        test_open_connections 3
        # TYPE test_requests_total counter
        # HELP test_requests_total Requests "so far"\nwith a \\.
        test_requests_total{code="200",path="q\"\\\n"} 5
        test_requests_total{code="500",path="/"} 1
        # TYPE test_size_bytes histogram
        # HELP test_size_bytes Sizes.
        test_size_bytes_bucket{kind="x",le="1"} 1
        test_size_bytes_bucket{kind="x",le="2.5"} 2
        test_size_bytes_bucket{kind="x",le="+Inf"} 3
        test_size_bytes_sum{kind="x"} 102.5
        test_size_bytes_count{kind="x"} 3
        # TYPE test_uptime_seconds gauge
        test_uptime_seconds +Inf

        """;

    private const string OpenMetricsGolden =
        """
        # TYPE target info
        # HELP target Target metadata
        target_info{service_name="a\"b\\c\nd"} 1
        # TYPE test_open_connections gauge
        # HELP test_open_connections Open now.
        test_open_connections 3
        # TYPE test_requests counter
        # HELP test_requests Requests \"so far\"\nwith a \\.
        test_requests_total{code="200",path="q\"\\\n"} 5
        test_requests_total{code="500",path="/"} 1
        # TYPE test_size_bytes histogram
        # UNIT test_size_bytes bytes
        # HELP test_size_bytes Sizes.
        test_size_bytes_bucket{kind="x",le="1.0"} 1
        test_size_bytes_bucket{kind="x",le="2.5"} 2
        test_size_bytes_bucket{kind="x",le="+Inf"} 3
        test_size_bytes_sum{kind="x"} 102.5
        test_size_bytes_count{kind="x"} 3
        # TYPE test_uptime_seconds gauge
        # UNIT test_uptime_seconds seconds
        test_uptime_seconds +Inf
        # EOF

        """;

    public static TheoryData<string?, bool> AcceptHeaders() => new()
    {
        { null, false },
        { "*/*", false },
        { "text/plain", false },
        { "nonsense;;;", false },
        { "application/openmetrics-text;version=0.0.1", false },
        { "application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5", false },
        { "application/openmetrics-text;version=1.0.0;q=0", false },
        { "application/openmetrics-text", true },
        { "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true },
    };

    [Theory]
    [MemberData(nameof(AcceptHeaders))]
    public void Choose_AcceptHeader_GivesTheFormat(string? accept, bool open) =>
        Assert.Equal(open ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text, ExpositionFormats.Choose(accept is null ? [] : [accept]));

    [Theory]
    [InlineData("a.b-c/d", null, "a_b_c_d")]
    [InlineData("9lives", null, "_9lives")]
    [InlineData("wait", "s", "wait_seconds")]
    [InlineData("wait_seconds", "s", "wait_seconds")]
    [InlineData("size", "By", "size_bytes")]
    [InlineData("speed", "m/s", "speed_m_per_s")]
    [InlineData("things", "{thing}", "things")]
    [InlineData("ratio", "1", "ratio")]
    [InlineData("things_total", null, "things")]
    public void Family_InstrumentNameAndUnit_IsAPrometheusName(string instrument, string? unit, string expected) =>
        Assert.Equal(expected, MetricNames.Family(instrument, MetricNames.Unit(unit), FamilyType.Counter));

    [Fact]
    public async Task Scrape_BothFormats_EqualTheGoldenTexts()
    {
        using var meter = new Meter("Golden" + Guid.NewGuid().ToString("N"));
        await using var app = await StartAsync(meter.Name);
        Measure(meter);
        using var client = app.GetTestClient();

        var text = await client.GetAsync("/metrics");
        client.DefaultRequestHeaders.Add("Accept", "application/openmetrics-text;version=1.0.0");
        var open = await client.GetAsync("/metrics");

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", text.Content.Headers.ContentType!.ToString());
        Assert.Equal(TextGolden, await text.Content.ReadAsStringAsync());
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", open.Content.Headers.ContentType!.ToString());
        Assert.Equal(OpenMetricsGolden, await open.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Scrape_ManyAtOnce_EachIsWhole()
    {
        using var meter = new Meter("Parallel" + Guid.NewGuid().ToString("N"));
        await using var app = await StartAsync(meter.Name);
        Measure(meter);
        using var client = app.GetTestClient();

        var pages = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetStringAsync("/metrics")));

        Assert.All(pages, page => Assert.Equal(TextGolden, page));
    }

    [Fact]
    public async Task Scrape_TwoMetersWithOneName_AreOneFamilyAndAnotherTypeIsLeftOut()
    {
        using var first = new Meter("Twice" + Guid.NewGuid().ToString("N"));
        using var second = new Meter(first.Name + ".Other");
        await using var app = await StartAsync(first.Name, second.Name);
        first.CreateCounter<long>("same_total").Add(1, new KeyValuePair<string, object?>("of", "first"));
        second.CreateCounter<long>("same").Add(2, new KeyValuePair<string, object?>("of", "second"));
        second.CreateHistogram<double>("same").Record(1);
        using var client = app.GetTestClient();

        var page = await client.GetStringAsync("/metrics");

        Assert.Single(page.Split('\n'), l => l.StartsWith("# TYPE same", StringComparison.Ordinal));
        Assert.Contains("same_total{of=\"first\"} 1\nsame_total{of=\"second\"} 2\n", page);
        Assert.DoesNotContain("same_bucket", page);
    }

    private static void Measure(Meter meter)
    {
        var requests = meter.CreateCounter<long>("test.requests", description: "Requests \"so far\"\nwith a \\.");
        requests.Add(5, new("path", "q\"\\\n"), new("code", 200));
        requests.Add(1, new("path", "/"), new("code", 500));
        var sizes = meter.CreateHistogram<double>("test_size", "By", "Sizes.");
        sizes.Record(1, new KeyValuePair<string, object?>("kind", "x"));
        sizes.Record(1.5, new KeyValuePair<string, object?>("kind", "x"));
        sizes.Record(100, new KeyValuePair<string, object?>("kind", "x"));
        var open = meter.CreateUpDownCounter<int>("test_open_connections", "{connection}", "Open now.");
        open.Add(4);
        open.Add(-1);
        meter.CreateObservableGauge("test_uptime", () => double.PositiveInfinity, "s");
    }

    private static async Task<WebApplication> StartAsync(params string[] meters)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddRoutingCore();
        new Builder(builder.Services).WithMetrics(metrics => metrics
            .ConfigureResource(r => r.Clear().AddAttributes([new("service.name", "a\"b\\c\nd")]))
            .AddMeter(meters)
            .AddView("test_size", new ExplicitBucketHistogramConfiguration { Boundaries = [1, 2.5] })
            .AddPrometheusExporter());
        var app = builder.Build();
        app.UseRouting();
        app.MapPrometheusScrapingEndpoint();
        await app.StartAsync();
        return app;
    }

    private sealed class Builder(IServiceCollection services) : IOpenTelemetryBuilder
    {
        public IServiceCollection Services { get; } = services;
    }
}

using System.Diagnostics.Metrics;
using Interconnect.Gateway.Telemetry.Prometheus;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Interconnect.Gateway.Telemetry;

/// <summary>Collects the meters of all parts with OpenTelemetry. Their names are an API with a golden file.</summary>
internal static class TelemetryServices
{
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    /// <summary>Puts the meter provider and the Prometheus exporter into the services.</summary>
    public static IServiceCollection AddInterconnectTelemetry(this IServiceCollection services)
    {
        new Builder(services).WithMetrics(metrics => metrics
            .ConfigureResource(resource => resource.Clear().AddAttributes([new("service.name", "interconnect"), new("service.version", ProductVersion.Text)]))
            .AddMeter("Interconnect.*")
            .AddView(BoundsFor)
            .AddPrometheusExporter());
        return services;
    }

    /// <summary>OpenTelemetry's own bounds are for milliseconds; ours are seconds.</summary>
    private static MetricStreamConfiguration? BoundsFor(Instrument instrument) =>
        instrument is Histogram<double> { Unit: "s", Advice: null } ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds } : null;

    /// <summary>What OpenTelemetry.Extensions.Hosting would give; the project's package registry does not have it.</summary>
    private sealed class Builder(IServiceCollection services) : IOpenTelemetryBuilder
    {
        public IServiceCollection Services { get; } = services;
    }
}

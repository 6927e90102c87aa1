using OpenTelemetry.Metrics;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>Adds the exporter and its endpoint, under the official package's names.</summary>
internal static class PrometheusExporterExtensions
{
    /// <summary>Metrics are collected when they are scraped.</summary>
    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder) => builder
        .ConfigureServices(services => services.AddSingleton<PrometheusExporter>())
        .AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredService<PrometheusExporter>()) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative });

    /// <summary>Answers scrapes of the services' <see cref="MeterProvider"/>.</summary>
    public static IEndpointConventionBuilder MapPrometheusScrapingEndpoint(this IEndpointRouteBuilder endpoints, string path = "/metrics")
    {
        // Nothing is measured before the provider exists.
        _ = endpoints.ServiceProvider.GetRequiredService<MeterProvider>();
        var exporter = endpoints.ServiceProvider.GetRequiredService<PrometheusExporter>();
        return endpoints.MapGet(path, async context =>
        {
            var format = ExpositionFormats.Choose(context.Request.Headers.Accept);
            var page = await exporter.ScrapeAsync(format, context.RequestAborted);
            context.Response.StatusCode = page is null ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
            if (page is not null)
            {
                context.Response.ContentType = format.ContentType();
                context.Response.ContentLength = page.Length;
                await context.Response.Body.WriteAsync(page, context.RequestAborted);
            }
        });
    }
}

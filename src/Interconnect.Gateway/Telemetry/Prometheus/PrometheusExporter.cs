using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>Turns a collection of metrics into Prometheus text. One scrape at a time.</summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly SemaphoreSlim gate = new(1);
    private ExpositionFormat format;
    private byte[] page = [];

    /// <summary>Set by the reader: runs a collection, which calls <see cref="Export"/>.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>All metrics as they are now, or null when they could not be collected.</summary>
    public async Task<byte[]?> ScrapeAsync(ExpositionFormat wanted, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            format = wanted;
            return Collect?.Invoke(10_000) == true ? page : null;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public override ExportResult Export(in Batch<Metric> batch)
    {
        var families = new FamilySet();
        foreach (var metric in batch)
        {
            families.Add(metric);
        }

        page = ExpositionWriter.Write(families, ParentProvider?.GetResource(), format);
        return ExportResult.Success;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            gate.Dispose();
        }

        base.Dispose(disposing);
    }
}

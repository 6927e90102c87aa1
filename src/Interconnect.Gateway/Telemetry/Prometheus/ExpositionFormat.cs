using Microsoft.Net.Http.Headers;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>The two text formats.</summary>
internal enum ExpositionFormat
{
    /// <summary>text/plain; version=0.0.4.</summary>
    Text,

    /// <summary>application/openmetrics-text; version=1.0.0.</summary>
    OpenMetrics,
}

/// <summary>Chooses a format by an Accept header (RFC 9110 section 12.5.1).</summary>
internal static class ExpositionFormats
{
    public static string ContentType(this ExpositionFormat format) => format switch
    {
        ExpositionFormat.Text => "text/plain; version=0.0.4; charset=utf-8",
        ExpositionFormat.OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
    };

    /// <summary>OpenMetrics only when it is asked for by name and at least as much as plain text; a header that cannot be read means plain text.</summary>
    public static ExpositionFormat Choose(IList<string?> accept)
    {
        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var ranges))
        {
            return ExpositionFormat.Text;
        }

        double open = 0, text = 0;
        foreach (var range in ranges)
        {
            var quality = range.Quality ?? 1;
            switch (range.MediaType.Value, Version(range))
            {
                case ("application/openmetrics-text", null or "1.0.0"):
                    open = Math.Max(open, quality);
                    break;
                case ("text/plain", null or "0.0.4"):
                    text = Math.Max(text, quality);
                    break;
            }
        }

        return open > 0 && open >= text ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
    }

    private static string? Version(MediaTypeHeaderValue range) => range.Parameters.FirstOrDefault(p => p.Name == "version")?.Value.Value?.Trim('"');
}

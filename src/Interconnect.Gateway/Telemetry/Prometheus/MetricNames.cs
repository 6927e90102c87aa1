using System.Text;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>Instrument names and units as Prometheus names (OpenTelemetry specification, "Prometheus and OpenMetrics compatibility").</summary>
internal static class MetricNames
{
    private const string Total = "_total";

    /// <summary>The family's name: allowed characters only, the unit at the end once, no <c>_total</c>.</summary>
    public static string Family(string instrument, string? unit, FamilyType type)
    {
        var name = Sanitise(instrument, colons: true);
        if (type == FamilyType.Counter && name.EndsWith(Total, StringComparison.Ordinal))
        {
            name = name[..^Total.Length];
        }

        return unit is null || name.EndsWith("_" + unit, StringComparison.Ordinal) ? name : $"{name}_{unit}";
    }

    /// <summary>A label's name.</summary>
    public static string Label(string key) => Sanitise(key, colons: false);

    /// <summary>A UCUM unit in words; annotations in braces and dimensionless units give none.</summary>
    public static string? Unit(string? unit)
    {
        if (string.IsNullOrEmpty(unit) || unit == "1" || unit[0] == '{')
        {
            return null;
        }

        return unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "us" => "microseconds",
            "ns" => "nanoseconds",
            "min" => "minutes",
            "h" => "hours",
            "d" => "days",
            "By" => "bytes",
            "KiBy" => "kibibytes",
            "MiBy" => "mebibytes",
            "%" => "percent",
            _ => Sanitise(unit.Replace("/", "_per_", StringComparison.Ordinal), colons: false),
        };
    }

    private static string Sanitise(string text, bool colons)
    {
        var builder = new StringBuilder(text.Length + 1);
        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
        {
            builder.Append('_');
        }

        foreach (var c in text)
        {
            var allowed = char.IsAsciiLetterOrDigit(c) || c == '_' || (colons && c == ':');
            if (allowed || builder.Length == 0 || builder[^1] != '_')
            {
                builder.Append(allowed ? c : '_');
            }
        }

        return builder.ToString();
    }
}

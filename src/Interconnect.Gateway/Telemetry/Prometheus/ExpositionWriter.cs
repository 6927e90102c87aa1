using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>Writes families as text 0.0.4 or OpenMetrics 1.0. No timestamps: the scrape's time is the time.</summary>
internal static class ExpositionWriter
{
    public static byte[] Write(FamilySet families, Resource? resource, ExpositionFormat format)
    {
        var text = new StringBuilder();
        var open = format == ExpositionFormat.OpenMetrics;
        if (resource is not null && resource.Attributes.Any())
        {
            Head(text, open ? "target" : "target_info", open ? "info" : "gauge", null, "Target metadata", open);
            Sample(text, "target_info", Labels(resource.Attributes.Select(a => KeyValuePair.Create(a.Key, (object?)a.Value))), null, "1");
        }

        foreach (var family in families.Families)
        {
            var sample = family.Type == FamilyType.Counter ? family.Name + "_total" : family.Name;
            Head(text, open ? family.Name : sample, family.Type.ToString().ToLowerInvariant(), family.Unit, family.Help, open);
            foreach (var metric in family.Metrics)
            {
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    Point(text, family, sample, metric.MetricType, point, open);
                }
            }
        }

        if (open)
        {
            text.Append("# EOF\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Point(StringBuilder text, Family family, string sample, MetricType type, in MetricPoint point, bool open)
    {
        var labels = Labels(point.Tags);
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                Sample(text, sample, labels, null, point.GetSumLong().ToString(CultureInfo.InvariantCulture));
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                Sample(text, sample, labels, null, Number(point.GetSumDouble()));
                break;
            case MetricType.LongGauge:
                Sample(text, sample, labels, null, point.GetGaugeLastValueLong().ToString(CultureInfo.InvariantCulture));
                break;
            case MetricType.DoubleGauge:
                Sample(text, sample, labels, null, Number(point.GetGaugeLastValueDouble()));
                break;
            case MetricType.Histogram:
                var total = 0L;
                foreach (var bucket in point.GetHistogramBuckets())
                {
                    total += bucket.BucketCount;
                    Sample(text, family.Name + "_bucket", labels, Bound(bucket.ExplicitBound, open), total.ToString(CultureInfo.InvariantCulture));
                }

                Sample(text, family.Name + "_sum", labels, null, Number(point.GetHistogramSum()));
                Sample(text, family.Name + "_count", labels, null, point.GetHistogramCount().ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void Head(StringBuilder text, string name, string type, string? unit, string? help, bool open)
    {
        text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        if (open && unit is not null)
        {
            text.Append("# UNIT ").Append(name).Append(' ').Append(unit).Append('\n');
        }

        if (!string.IsNullOrEmpty(help))
        {
            text.Append("# HELP ").Append(name).Append(' ');
            Escape(text, help, quotes: open).Append('\n');
        }
    }

    private static void Sample(StringBuilder text, string name, string labels, string? bound, string value)
    {
        text.Append(name);
        if (labels.Length > 0 || bound is not null)
        {
            text.Append('{').Append(labels);
            if (bound is not null)
            {
                text.Append(labels.Length > 0 ? "," : string.Empty).Append("le=\"").Append(bound).Append('"');
            }

            text.Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string Labels(ReadOnlyTagCollection tags)
    {
        var list = new List<KeyValuePair<string, object?>>(tags.Count);
        foreach (var tag in tags)
        {
            list.Add(tag);
        }

        return Labels(list);
    }

    /// <summary>Labels of one sample; keys that become the same name are joined, as the specification says.</summary>
    private static string Labels(IEnumerable<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var label in tags.GroupBy(t => MetricNames.Label(t.Key)))
        {
            text.Append(text.Length > 0 ? "," : string.Empty).Append(label.Key).Append("=\"");
            Escape(text, string.Join(';', label.Select(t => Value(t.Value))), quotes: true).Append('"');
        }

        return text.ToString();
    }

    private static string Value(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? string.Empty,
    };

    private static StringBuilder Escape(StringBuilder text, string value, bool quotes)
    {
        foreach (var c in value)
        {
            text.Append(c switch
            {
                '\\' => @"\\",
                '\n' => @"\n",
                '"' when quotes => "\\\"",
                _ => c.ToString(),
            });
        }

        return text;
    }

    private static string Bound(double bound, bool open)
    {
        var text = Number(bound);
        return open && bound == Math.Floor(bound) && double.IsFinite(bound) && !text.Contains('E', StringComparison.Ordinal) ? text + ".0" : text;
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}

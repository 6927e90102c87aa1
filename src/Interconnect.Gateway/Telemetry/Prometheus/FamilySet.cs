using OpenTelemetry.Metrics;

namespace Interconnect.Gateway.Telemetry.Prometheus;

/// <summary>Metrics grouped by the name they are exposed under; a second metric of the same name joins the first when its type is the same, else it is left out.</summary>
internal sealed class FamilySet
{
    private readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);

    public IEnumerable<Family> Families => families.Values;

    public void Add(Metric metric)
    {
        FamilyType? type = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => FamilyType.Counter,
            MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => FamilyType.Gauge,
            MetricType.Histogram => FamilyType.Histogram,
            _ => null,
        };
        if (type is null)
        {
            return;
        }

        var unit = MetricNames.Unit(metric.Unit);
        var name = MetricNames.Family(metric.Name, unit, type.Value);
        if (!families.TryGetValue(name, out var family))
        {
            families.Add(name, family = new Family(name, type.Value, unit is not null && name.EndsWith("_" + unit, StringComparison.Ordinal) ? unit : null, metric.Description));
        }

        if (family.Type == type)
        {
            family.Metrics.Add(metric);
        }
    }
}

/// <summary>One family: the name without <c>_total</c>, and where its points are.</summary>
internal sealed record Family(string Name, FamilyType Type, string? Unit, string? Help)
{
    public List<Metric> Metrics { get; } = [];
}

/// <summary>Types that both formats have.</summary>
internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
}

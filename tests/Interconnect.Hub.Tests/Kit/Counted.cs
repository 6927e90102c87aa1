using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>Listens to one counter of one world's hub.</summary>
internal sealed class Counted : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly List<(long Value, Dictionary<string, string> Labels)> measured = [];

    public Counted(World world, string instrument)
    {
        var factory = world.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (published, listening) =>
        {
            if (published.Name == instrument && ReferenceEquals(published.Meter.Scope, factory))
            {
                listening.EnableMeasurementEvents(published);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            lock (measured)
            {
                measured.Add((value, tags.ToArray().ToDictionary(t => t.Key, t => t.Value?.ToString() ?? "")));
            }
        });
        listener.Start();
    }

    public IReadOnlyList<(string Label, long Sum)> By(string label)
    {
        lock (measured)
        {
            return [.. measured.GroupBy(m => m.Labels[label]).Select(g => (g.Key, g.Sum(m => m.Value)))];
        }
    }

    public void Dispose() => listener.Dispose();
}

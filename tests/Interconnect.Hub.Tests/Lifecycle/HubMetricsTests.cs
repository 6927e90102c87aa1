using System.Diagnostics.Metrics;
using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Testing;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class HubMetricsTests
{
    private static readonly string[] AllowedLabels = ["network", "kind", "rule", "outcome"];

    [Fact]
    public async Task Names_AreAnApi()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "Interconnect.Hub")
            {
                lock (names)
                {
                    names.Add($"{instrument.Name} {instrument.GetType().Name.Split('`')[0]} {instrument.Unit}".TrimEnd());
                }
            }
        };
        listener.Start();
        await using var world = await World.StartAsync();
        var golden = Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Hub.Tests", "Lifecycle", "metrics.golden.txt");
        Assert.Equal(await File.ReadAllLinesAsync(golden), names);
    }

    [Fact]
    public async Task Labels_NeverHoldAUserOrARoom_AndCountWhatHappened()
    {
        var labels = new HashSet<(string Name, string Value)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == "Interconnect.Hub")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Note(tags));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Note(tags));
        listener.Start();

        await using var world = await World.StartAsync();
        using var refused = new Counted(world, "interconnect_hub_events_refused_total");
        using var accepted = new Counted(world, "interconnect_hub_events_accepted_total");
        using var duplicates = new Counted(world, "interconnect_hub_events_duplicate_total");
        using var deliveries = new Counted(world, "interconnect_hub_deliveries_total");
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var message = world.Alice.Send(world.Alice.Writes(room, "x"));
        await world.AcceptsAsync(message);
        await world.Bus.SubmitAsync(message, message);
        await world.Bus.ReportAsync(world.Bob.Reports(await world.Bus.NextAsync(World.Matrix), DeliveryStatus.Delivered));
        await world.Bus.NextAsync(World.Xmpp);
        await world.RefusesAsync(world.Alice.Send(world.Alice.Writes(room, "x"), broken: true), HubRule.SignatureValid);
        await world.Bus.SubmitAsync(world.Alice.Send(world.Alice.Publication(), network: NetworkId.Parse("made-up-by-somebody")));
        listener.RecordObservableInstruments();

        Assert.Contains(("encrypted_message", 1L), accepted.By("kind"));
        Assert.Equal([(World.Xmpp, 2L)], duplicates.By("network"));
        Assert.Equal([("delivered", 1L)], deliveries.By("outcome"));
        Assert.Equal([(HubRule.OriginKnown.Id, 1L), (HubRule.SignatureValid.Id, 1L)], refused.By("rule").OrderBy(r => r.Label, StringComparer.Ordinal));
        lock (labels)
        {
            Assert.All(labels, l => Assert.Contains(l.Name, AllowedLabels));
            Assert.All(labels, l => Assert.DoesNotMatch("mimi:|alice|bob|made-up|/r/", l.Value));
        }

        void Note(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (labels)
            {
                foreach (var tag in tags)
                {
                    labels.Add((tag.Key, tag.Value?.ToString() ?? ""));
                }
            }
        }
    }
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Interconnect.Federation;

namespace Interconnect.Bus;

/// <summary>The meter <c>Interconnect.Bus</c>. Labels: the kind of stream, and the network of a deliver stream; never a user or a room.</summary>
internal sealed class BusMetrics
{
    public const string MeterName = "Interconnect.Bus";

    private readonly Counter<long> published;
    private readonly Counter<long> confirmed;
    private readonly Counter<long> returned;
    private readonly Counter<long> unavailable;
    private readonly Counter<long> frames;
    private readonly Counter<long> batches;
    private readonly Counter<long> handlerFailures;
    private readonly Counter<long> parked;
    private readonly Counter<long> unauthentic;
    private readonly Histogram<int> batchSize;
    private readonly Histogram<double> handlerDuration;

    public BusMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        published = meter.CreateCounter<long>("interconnect_bus_published_total", description: "Bodies that callers asked to publish");
        confirmed = meter.CreateCounter<long>("interconnect_bus_confirmed_total", description: "Bodies on stable storage");
        returned = meter.CreateCounter<long>("interconnect_bus_returned_total", description: "Bodies the broker found no queue for");
        unavailable = meter.CreateCounter<long>("interconnect_bus_unavailable_total", description: "Bodies not taken, or of unknown outcome");
        frames = meter.CreateCounter<long>("interconnect_bus_frames_total", description: "Bus frames sent");
        batches = meter.CreateCounter<long>("interconnect_bus_batches_total", description: "Batches handled");
        handlerFailures = meter.CreateCounter<long>("interconnect_bus_handler_failures_total", description: "Exceptions of handlers; the batch stays in place");
        parked = meter.CreateCounter<long>("interconnect_bus_parked_total", description: "Bodies and frames stored as unusable");
        unauthentic = meter.CreateCounter<long>("interconnect_bus_unauthentic_total", description: "Frames that nobody who may write to the stream vouches for, by rule; they are stored as unusable");
        batchSize = meter.CreateHistogram<int>("interconnect_bus_batch_bodies", description: "Bodies a batch");
        handlerDuration = meter.CreateHistogram<double>("interconnect_bus_handler_duration_seconds", unit: "s", description: "Time a handler took for a batch");
    }

    public static TagList Tags(BusAddress address) => address switch
    {
        BusAddress.Submit => new TagList { { "stream", "submit" } },
        BusAddress.Report => new TagList { { "stream", "report" } },
        BusAddress.Deliver deliver => new TagList { { "stream", "deliver" }, { "network", deliver.Network.Value } },
        _ => throw new UnreachableException(),
    };

    public void Published(in TagList tags) => published.Add(1, tags);

    public void Confirmed(in TagList tags, int bodies)
    {
        confirmed.Add(bodies, tags);
        frames.Add(1, tags);
    }

    public void Returned(in TagList tags, int bodies) => returned.Add(bodies, tags);

    public void Unavailable(in TagList tags, int bodies) => unavailable.Add(bodies, tags);

    public void HandlerFailed(in TagList tags) => handlerFailures.Add(1, tags);

    public void Parked(in TagList tags) => parked.Add(1, tags);

    public void Unauthentic(TagList tags, string rule)
    {
        tags.Add("rule", rule);
        unauthentic.Add(1, tags);
    }

    public void Handled(in TagList tags, int bodies, TimeSpan took)
    {
        batches.Add(1, tags);
        batchSize.Record(bodies, tags);
        handlerDuration.Record(took.TotalSeconds, tags);
    }
}

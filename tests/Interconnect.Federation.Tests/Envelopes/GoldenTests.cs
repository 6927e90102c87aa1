using Interconnect.Testing;

namespace Interconnect.Federation.Tests.Envelopes;

/// <summary>
/// Old bytes parse for ever. `Golden/v1.txt` freezes schema version 1: a line a value, `name hex`. A changed line is a broken promise to every peer; a new
/// field or kind gets a new line.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Path = System.IO.Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Federation.Tests", "Golden", "v1.txt");

    [Fact]
    public void SchemaVersion1_EveryKind_HasItsFrozenBytes()
    {
        var actual = Lines().ToList();
        if (Environment.GetEnvironmentVariable("INTERCONNECT_WRITE_GOLDEN") == "1")
        {
            File.WriteAllLines(Path, actual);
        }

        Assert.Equal(File.ReadAllLines(Path), actual);
    }

    [Fact]
    public void SchemaVersion1_FrozenBytes_StillParse()
    {
        var parsed = 0;
        foreach (var parts in File.ReadAllLines(Path).Select(l => l.Split(' ')))
        {
            var bytes = Convert.FromHexString(parts[1]);
            SchemaError? error;
            var ok = parts[0].Split('.')[0] switch
            {
                "event" => EventCodec.TryDecode(bytes, out _, out error),
                "envelope" => EnvelopeCodec.TryDecode(bytes, out _, out error),
                "frame" => FrameCodec.TryDecode(bytes, out _, out error),
                _ => throw new InvalidOperationException(parts[0]),
            };
            Assert.True(ok, $"{parts[0]}: {error}");
            parsed++;
        }

        Assert.Equal((Samples.Events.Count * 3) + Samples.Events.Count, parsed);
    }

    [Fact]
    public void EveryEventKind_HasASample()
    {
        var kinds = typeof(FederationEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(FederationEvent))).Select(t => t.Name).Order();
        Assert.Equal(kinds, Samples.Events.Values.Select(e => e.GetType().Name).Distinct().Order());
    }

    private static IEnumerable<string> Lines()
    {
        foreach (var (name, @event) in Samples.Events)
        {
            var envelope = Samples.Envelope(@event);
            yield return $"event.{name} {Hex(EventCodec.Encode(@event))}";
            yield return $"envelope.{name} {Hex(EnvelopeCodec.Encode(envelope))}";
            yield return $"frame.request.{name} {Hex(FrameCodec.Encode(new EndpointFrame.Request(@event, EventCodec.Encode(@event), Samples.Proof)))}";
            yield return $"frame.delivery.{name} {Hex(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)))}";
        }
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}

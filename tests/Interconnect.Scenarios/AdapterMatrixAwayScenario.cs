using System.Diagnostics;
using Interconnect.Federation;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>A homeserver that found nobody waits longer and longer before it tries again, up to 512 seconds, whoever is back meanwhile.</summary>
public sealed class AdapterMatrixAwayScenario
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // Synapse tries again about 2, 6, 15 and 31 seconds after the first failure; this is between the last two.
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(18);
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(6);

    [Fact(DisplayName = "The adapter was away for 18 seconds: when it is back, Synapse brings at once what Alice wrote meanwhile")]
    public async Task Start_AfterTimeAway_HomeserverBringsWhatItKept()
    {
        await using var far = await AdapterMatrixFarSide.CreateAsync(deliveredMeansRead: false);
        await using var alice = await far.SignInAsync("alice");
        var sink = new RecordingSink { Only = alice.User };
        await using (var before = far.CreateAdapter())
        {
            await before.StartAsync(sink, default);
            await alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), "frame-1");
            await sink.NextEventAsync(Limit);
            await before.StopAsync(default);
        }

        await alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), "frame-2");
        await Task.Delay(Away);

        await using var adapter = far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        var waited = Stopwatch.StartNew();
        await sink.NextEventAsync(Limit);

        Assert.True(waited.Elapsed < AtOnce, $"It came after {waited.Elapsed.TotalSeconds:0.0} s.");
        await adapter.StopAsync(default);
    }
}

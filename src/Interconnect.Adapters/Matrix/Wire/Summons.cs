using System.Threading.Channels;

namespace Interconnect.Adapters.Matrix.Wire;

/// <summary>
/// Asks the homeserver to come again. After a transaction that failed it waits longer each time (Synapse 2, 4, 8 ... 512 seconds) and brings nothing meanwhile,
/// though we are back long since. A ping that we ask for and answer makes Synapse try at once (since 1.132); other homeservers just answer it.
/// A transaction that arrives makes it needless: two tries of the homeserver's own at the same moment are not provoked.
/// </summary>
/// <param name="ping">Asks for a ping.</param>
/// <param name="clock">Time.</param>
/// <param name="failed">Told why the homeserver could not be asked.</param>
internal sealed class Summons(Func<CancellationToken, ValueTask<MatrixAnswer>> ping, TimeProvider clock, Action<string> failed) : IAsyncDisposable
{
    /// <summary>After a refusal. None of the homeserver's own waits, so that its first two tries, at 2 and 4 seconds, come before it.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly Channel<TimeSpan?> orders = Channel.CreateBounded<TimeSpan?>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    /// <summary>Begins to do what is ordered, also before.</summary>
    public void Start() => running = Task.Run(RunAsync);

    /// <summary>The homeserver is to come again after this pause, unless it comes before.</summary>
    public void After(TimeSpan pause) => orders.Writer.TryWrite(pause);

    /// <summary>The homeserver came, or has nothing to come again with.</summary>
    public void NotNeeded() => orders.Writer.TryWrite(null);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    private async Task RunAsync()
    {
        try
        {
            var failures = 0;
            for (TimeSpan? pause = null; ;)
            {
                if (pause is not { } wait)
                {
                    pause = await orders.Reader.ReadAsync(stopping.Token);
                }
                else if (await IsOrderedWithinAsync(wait))
                {
                    pause = await orders.Reader.ReadAsync(stopping.Token);
                    failures = 0;
                }
                else
                {
                    switch (await ping(stopping.Token))
                    {
                        case MatrixAnswer.Ok:
                            (pause, failures) = (null, 0);
                            break;
                        case MatrixAnswer.No no:
                            failed(WhyNever(no));
                            return;
                        case var answer:
                            if (failures++ == 0)
                            {
                                failed(WhyNotNow(answer) + "; with 502 or 504 it does not reach us at the registration's url, or not with our hs_token");
                            }

                            pause = TimeSpan.FromTicks(Math.Min(Longest.Ticks, Shortest.Ticks << Math.Min(failures, 4)));
                            break;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static string WhyNever(MatrixAnswer.No no) => no switch
    {
        { Status: 403 } => "its registration of us has another id than matrix:registrationId",
        { Status: 404 or 405 } => "it knows no pings; after an outage it comes in its own time",
        _ => "it refuses the ping: " + no.ErrorCode,
    };

    private static string WhyNotNow(MatrixAnswer answer) => answer switch
    {
        MatrixAnswer.Later later => later.Reason,
        MatrixAnswer.Unknown unknown => unknown.Reason,
        _ => "no reason",
    };

    private async Task<bool> IsOrderedWithinAsync(TimeSpan wait)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var ordered = orders.Reader.WaitToReadAsync(over.Token).AsTask();
        var first = await Task.WhenAny(ordered, Task.Delay(wait, clock, over.Token));
        await over.CancelAsync();
        stopping.Token.ThrowIfCancellationRequested();
        return first == ordered;
    }
}

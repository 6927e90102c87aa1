using System.Threading.Channels;
using Interconnect.Adapters.Hosting;

namespace Interconnect.Adapters.Matrix.Wire;

/// <summary>
/// Asks the homeserver for a ping, for two reasons. After a transaction that failed it waits longer each time (Synapse 2, 4, 8 ... 512 seconds) and brings nothing
/// meanwhile, though we are back long since: a ping that we ask for and answer makes Synapse try at once (since 1.132); other homeservers just answer it. And whether it
/// reaches us is known before anybody misses what it does not bring. While a transaction is in our hands none is asked for: Synapse would begin a second try beside the first.
/// </summary>
/// <param name="ping">Asks for a ping.</param>
/// <param name="clock">Time.</param>
/// <param name="failed">Told why the homeserver could not be asked, once for each reason until it could.</param>
/// <param name="unreached">Told why the homeserver does not reach us, and null when it does again.</param>
internal sealed class Summons(Func<CancellationToken, ValueTask<MatrixAnswer>> ping, TimeProvider clock, Action<string> failed, Action<string?> unreached) : IAsyncDisposable
{
    /// <summary>After a refusal. None of the homeserver's own waits, so that its first two tries, at 2 and 4 seconds, come before it.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>With nothing heard for so long, it is asked whether it reaches us. Also the longest pause between pings that fail.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    // Where it refuses pings; it may be another version one day, or a proxy that spoke for it.
    private static readonly TimeSpan Seldom = TimeSpan.FromHours(1);

    // The first may be of the moment: one that crosses Synapse's own try is answered with 502 though it came.
    private const int FailuresThatCount = 2;

    private readonly Lock gate = new();
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource stopping = new();
    private readonly long made = clock.GetTimestamp();
    private Task running = Task.CompletedTask;
    private TimeSpan? due;
    private TimeSpan calm = Seldom;
    private int inHand;
    private int failures;
    private string? told;
    private bool lost;

    private TimeSpan Now => clock.GetElapsedTime(made);

    /// <summary>Begins to do what is ordered, also before.</summary>
    public void Start() => running = Task.Run(RunAsync);

    /// <summary>The homeserver is to come again after this pause, or when it was to before; unless it comes by itself.</summary>
    public void After(TimeSpan pause)
    {
        lock (gate)
        {
            Order(pause);
        }

        changes.Writer.TryWrite(true);
    }

    /// <summary>We reach the homeserver again. What was known of its way to us is old, and it may have found nobody.</summary>
    public void Back()
    {
        Heard();
        After(Shortest);
    }

    /// <summary>A request of the homeserver came, whatever it makes of the answer.</summary>
    public void Heard()
    {
        lock (gate)
        {
            failures = 0;
            Tell(null);
        }
    }

    /// <summary>A transaction came. Each is ended once.</summary>
    public void Begun()
    {
        lock (gate)
        {
            inHand++;
            due = null;
        }

        changes.Writer.TryWrite(true);
    }

    /// <summary>A transaction is answered.</summary>
    /// <param name="again">When it is to come again; null: it is taken.</param>
    public void Ended(TimeSpan? again)
    {
        lock (gate)
        {
            inHand--;
            Order(again ?? calm);
        }

        changes.Writer.TryWrite(true);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                if (TakeDue(out var wait))
                {
                    Judge(await AskAsync());
                }
                else
                {
                    await ChangeWithinAsync(wait);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private bool TakeDue(out TimeSpan wait)
    {
        lock (gate)
        {
            wait = inHand == 0 && due is { } at ? at - Now : Timeout.InfiniteTimeSpan;
            if (inHand > 0 || due is null || wait > TimeSpan.Zero)
            {
                return false;
            }

            due = null;
            return true;
        }
    }

    private async Task ChangeWithinAsync(TimeSpan wait)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        await Task.WhenAny(changes.Reader.ReadAsync(over.Token).AsTask(), Task.Delay(wait, clock, over.Token));
        await over.CancelAsync();
        stopping.Token.ThrowIfCancellationRequested();
    }

    private async Task<MatrixAnswer> AskAsync()
    {
        try
        {
            return await ping(stopping.Token);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // A defect of ours. Without the next ping nobody would notice that the homeserver stays away.
            return new MatrixAnswer.Unknown(WaitingRoom.Failure(e));
        }
    }

    private void Judge(MatrixAnswer answer)
    {
        lock (gate)
        {
            switch (answer)
            {
                case MatrixAnswer.Ok:
                    (calm, failures, told) = (Quiet, 0, null);
                    Tell(null);
                    Order(calm);
                    break;
                case MatrixAnswer.No no:
                    (calm, failures) = (Seldom, 0);
                    Log(WhyNever(no));
                    Tell(no.ErrorCode == "M_URL_NOT_SET" ? "the homeserver's registration of us has no url" : null);
                    Order(calm);
                    break;
                default:
                    calm = Quiet;
                    Log(WhyNotNow(answer));
                    if (++failures >= FailuresThatCount && answer is MatrixAnswer.Unknown or MatrixAnswer.Later { Status: >= 500 })
                    {
                        Tell("the homeserver does not reach us at its registration's url, or not with our hs_token: " + WhyNotNow(answer));
                    }

                    Order(TimeSpan.FromTicks(Math.Min(Quiet.Ticks, Shortest.Ticks << Math.Min(failures, 4))));
                    break;
            }
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

    private void Order(TimeSpan pause)
    {
        var at = Now + pause;
        due = due is { } before && before < at ? before : at;
    }

    private void Log(string reason)
    {
        if (reason != told)
        {
            told = reason;
            failed(reason);
        }
    }

    private void Tell(string? why)
    {
        if (lost || why is not null)
        {
            lost = why is not null;
            unreached(why);
        }
    }
}

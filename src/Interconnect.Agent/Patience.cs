namespace Interconnect.Agent;

/// <summary>Ctrl-C and a command's own time limit in one token; tells them apart afterwards.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource limit;
    private readonly CancellationTokenSource both;

    public Patience(double seconds, TimeProvider clock, CancellationToken interrupted)
    {
        limit = seconds > 0 ? new CancellationTokenSource(TimeSpan.FromSeconds(seconds), clock) : new CancellationTokenSource();
        both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, interrupted);
        Interrupted = interrupted;
    }

    public CancellationToken Token => both.Token;

    private CancellationToken Interrupted { get; }

    /// <summary>True when time was up rather than Ctrl-C pressed.</summary>
    public bool IsUp => limit.IsCancellationRequested && !Interrupted.IsCancellationRequested;

    public void Dispose()
    {
        both.Dispose();
        limit.Dispose();
    }
}

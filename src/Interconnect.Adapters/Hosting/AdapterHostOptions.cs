using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>How one network's adapter is hosted. The defaults suit production.</summary>
public sealed record AdapterHostOptions
{
    /// <summary>The network id, such as <c>xmpp-a</c>.</summary>
    public string Network { get; init; } = "";

    /// <summary>Conversations that are delivered to at the same time; 64.</summary>
    public int ParallelConversations { get; init; } = 64;

    /// <summary>Events that may be on their way to the hub at the same time; 1,024. Past it the network is told to wait.</summary>
    public int SubmitsInFlight { get; init; } = 1_024;

    /// <summary>Deliveries that may wait for the network in the database; 100,000. Past it nothing more is taken from the bus.</summary>
    public int MaxWaiting { get; init; } = 100_000;

    /// <summary>Longest one attempt may take before it counts as uncertain; 60 s.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest pause between two attempts of the host's own back-off; 60 s. A network that names a longer one gets it.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a delivery may wait before the host gives it up as bounced, counted from when the hub accepted it and from when it began to wait here; 6 days.
    /// Keep it shorter than the hub's own expiry (7 days), so that nothing is delivered of which the sender was told that it expired; the gateway checks it where it knows both.
    /// </summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(6);

    /// <summary>How long outcomes and native references are remembered; 8 days, at least 7.</summary>
    public TimeSpan Remember { get; init; } = TimeSpan.FromDays(8);

    /// <summary>How long a receipt is kept for a delivery that is not recorded yet; 10 minutes, at least 60 s.</summary>
    public TimeSpan RememberReceipts { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Pause before the adapter or the lease is tried again; 5 s.</summary>
    public TimeSpan RestartPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (!NetworkId.TryParse(Network, out _))
        {
            yield return "network is 1 to 32 characters of a-z, 0-9 and inner hyphens.";
        }

        if (ParallelConversations is < 1 or > 1_000)
        {
            yield return "host:parallelConversations is between 1 and 1000.";
        }

        if (SubmitsInFlight is < 1 or > 100_000)
        {
            yield return "host:submitsInFlight is between 1 and 100000.";
        }

        if (MaxWaiting is < 1 or > 10_000_000)
        {
            yield return "host:maxWaiting is between 1 and 10000000.";
        }

        if (AttemptTimeout < TimeSpan.FromSeconds(1) || AttemptTimeout > TimeSpan.FromMinutes(10))
        {
            yield return "host:attemptTimeout is between 1 second and 10 minutes (a broker takes a message back from a reader that holds it too long).";
        }

        if (MaxBackOff < TimeSpan.FromSeconds(1) || MaxBackOff > TimeSpan.FromHours(1))
        {
            yield return "host:maxBackOff is between 1 second and 1 hour.";
        }

        if (GiveUpAfter < TimeSpan.FromMinutes(1))
        {
            yield return "host:giveUpAfter is at least 1 minute.";
        }

        if (Remember < TimeSpan.FromDays(7))
        {
            yield return "host:remember is at least 7 days: an event can come again for that long.";
        }

        if (RememberReceipts < TimeSpan.FromSeconds(60))
        {
            yield return "host:rememberReceipts is at least 60 seconds.";
        }

        if (RestartPause < TimeSpan.FromMilliseconds(100))
        {
            yield return "host:restartPause is at least 100 milliseconds.";
        }
    }
}

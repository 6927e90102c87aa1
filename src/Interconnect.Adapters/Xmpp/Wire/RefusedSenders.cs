namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>Senders whose last stanza was refused, and until when their next ones are too. Bounded; when it is full the oldest refusals have long passed or are let go.</summary>
internal sealed class RefusedSenders(TimeProvider clock)
{
    private const int Most = 10_000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly Dictionary<string, DateTimeOffset> until = [];

    /// <summary>Notes a refusal.</summary>
    public void Until(string sender, TimeSpan pause)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            if (until.Count >= Most)
            {
                foreach (var passed in until.Where(u => u.Value <= now).Select(u => u.Key).ToList())
                {
                    until.Remove(passed);
                }
            }

            if (until.Count < Most)
            {
                until[sender] = now + (pause < Longest ? pause : Longest);
            }
        }
    }

    /// <summary>How much longer the sender is refused, or null.</summary>
    public TimeSpan? Still(string sender)
    {
        lock (gate)
        {
            if (!until.TryGetValue(sender, out var at))
            {
                return null;
            }

            var left = at - clock.GetUtcNow();
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            until.Remove(sender);
            return null;
        }
    }
}

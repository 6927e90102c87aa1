namespace Interconnect.Sandbox;

/// <summary>A simulated XMPP server's settings and bounds. Everything listens on 127.0.0.1.</summary>
public sealed record SimulatedXmppOptions
{
    /// <summary>The server's domain.</summary>
    public required string Domain { get; init; }

    /// <summary>External components (XEP-0114): domain to shared secret. At most 16.</summary>
    public IReadOnlyDictionary<string, string> Components { get; init; } = new Dictionary<string, string>();

    /// <summary>Port for clients; 0 picks a free one.</summary>
    public int ClientPort { get; init; }

    /// <summary>Port for components; 0 picks a free one.</summary>
    public int ComponentPort { get; init; }

    /// <summary>False lets clients sign in without STARTTLS, which is offered all the same. Loopback only, so nothing leaves the machine.</summary>
    public bool RequireTls { get; init; } = true;

    /// <summary>Largest stanza from a client in characters; 1 MiB.</summary>
    public int MaxStanza { get; init; } = 1 << 20;

    /// <summary>Largest stanza from a component in characters; 4 MiB.</summary>
    public int MaxComponentStanza { get; init; } = 4 << 20;

    /// <summary>Deepest nesting in a stanza.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Accounts in all.</summary>
    public int MaxAccounts { get; init; } = 10_000;

    /// <summary>Connections at once.</summary>
    public int MaxConnections { get; init; } = 1_000;

    /// <summary>Messages kept for an absent account.</summary>
    public int MaxOfflineMessages { get; init; } = 10_000;

    /// <summary>Stanzas that may wait for a slow or sleeping client.</summary>
    public int MaxUnacknowledged { get; init; } = 10_000;

    /// <summary>How long a stream that broke may be resumed (XEP-0198).</summary>
    public TimeSpan ResumptionTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a connection may take to sign in.</summary>
    public TimeSpan NegotiationTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sees all traffic; null for none.</summary>
    public SandboxObserver? Observer { get; init; }

    /// <summary>What is wrong with these options; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (!Jid.TryParse(Domain, out var domain) || domain.Local is not null || domain.Resource is not null)
        {
            yield return "Domain is not a domain.";
        }

        if (Components.Count > 16)
        {
            yield return "At most 16 components.";
        }

        foreach (var (name, secret) in Components)
        {
            if (!Jid.TryParse(name, out var component) || component.Local is not null || component.Resource is not null || name == Domain || secret.Length == 0)
            {
                yield return "A component needs a domain of its own and a secret.";
            }
        }

        if (MaxStanza < 10_000 || MaxComponentStanza < 10_000 || MaxDepth < 8)
        {
            yield return "Stanzas of 10,000 characters and 8 levels must be possible (RFC 6120 section 13.12).";
        }
    }
}

using Interconnect.Bus;
using Interconnect.Hub;
using Interconnect.Storage;

namespace Interconnect.Gateway.Configuration;

/// <summary>The configuration file's content. Networks and peerings are in the folders beside it.</summary>
internal sealed record GatewayOptions
{
    /// <summary>What this process does; empty means everything, which needs the bus in memory.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Where hub and adapters keep their state.</summary>
    public DatabaseOptions Database { get; init; } = new();

    /// <summary>How roles talk to each other.</summary>
    public BusOptions Bus { get; init; } = new();

    /// <summary>What the hub decides by; needed where the role hub runs.</summary>
    public HubOptions? Hub { get; init; }

    /// <summary>Health, readiness and metrics.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary>What is logged and how.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>How long a stop may take; what is unfinished then comes again after the next start.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Networks by id; filled from the folder.</summary>
    public IReadOnlyDictionary<string, NetworkOptions> Networks { get; init; } = new Dictionary<string, NetworkOptions>();
}

/// <summary>The operator's endpoint: <c>/healthz</c>, <c>/readyz</c>, <c>/metrics</c>.</summary>
internal sealed record HttpOptions
{
    /// <summary>Address and port, such as <c>127.0.0.1:9464</c>; port 0 picks a free one.</summary>
    public string Listen { get; init; } = "127.0.0.1:9464";

    public IEnumerable<string> Problems()
    {
        if (!System.Net.IPEndPoint.TryParse(Listen, out _) || !Listen.Contains(':', StringComparison.Ordinal))
        {
            yield return "http:listen: an IP address and a port such as \"127.0.0.1:9464\" is expected.";
        }
    }
}

/// <summary>Logging to standard error.</summary>
internal sealed record LogOptions
{
    /// <summary>text or json.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;

    /// <summary>The least level that is written.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;
}

/// <summary>Shapes of a log line.</summary>
internal enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

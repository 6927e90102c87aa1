using System.Globalization;
using System.Net;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>How to reach an XMPP server. Limits are ours unless their comment names a source.</summary>
internal sealed record XmppOptions
{
    public required XmppAddress Address { get; init; }
    public required string Password { get; init; }
    public required string Host { get; init; }
    public required int Port { get; init; }

    /// <summary>The gateway's component; its bare domain is the service address.</summary>
    public required string Component { get; init; }

    public string? TlsAuthorityFile { get; init; }
    public bool InsecureLoopback { get; init; }

    /// <summary>Largest frame in one stanza, before base64. Assumed to fit: Prosody's default client limit is 256 KiB a stanza.</summary>
    public int MaxFrameBytes { get; init; } = 128 * 1024;

    /// <summary>Characters of one chunk.</summary>
    public int MaxChunkCharacters { get; init; } = 160 * 1024;

    /// <summary>Largest received stanza, in characters and an allowance for each node: a frame of 1 MiB in base64 and its envelope. A larger one is passed over.</summary>
    public int MaxStanzaBytes { get; init; } = 2 << 20;

    /// <summary>Deepest nesting of a received stanza. A deeper one is passed over.</summary>
    public int MaxDepth { get; init; } = 32;

    /// <summary>How long the server may take for one step of logging in, and to acknowledge.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After how long of silence the server is asked whether it is there.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Longest pause between attempts to reconnect.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause between attempts to reconnect; doubles.</summary>
    public TimeSpan FirstReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <exception cref="ArgumentException">The address or the server is not of XMPP's form.</exception>
    public static XmppOptions From(TransportAccount account)
    {
        if (!XmppAddress.TryParse(account.Address, out var address))
            throw new ArgumentException("An XMPP address is local@domain, and no server may spell its name otherwise.", nameof(account));

        var (host, port) = SplitServer(account.Server ?? address.Host.Ascii);
        return new XmppOptions
        {
            Address = address,
            Password = account.Password,
            Host = host,
            Port = port,
            Component = XmppDomain.TryParse(account.Gateway ?? $"gw.{address.Host.Written}", out var component) ? component.Written : throw new ArgumentException("A gateway is a domain.", nameof(account)),
            TlsAuthorityFile = account.TlsAuthorityFile,
            InsecureLoopback = account.InsecureLoopback,
        };
    }

    private static (string Host, int Port) SplitServer(string server)
    {
        if (IPAddress.TryParse(server, out _))
            return (server, 5222);

        var colon = server.LastIndexOf(':');
        if (colon < 0)
            return (server, 5222);

        return int.TryParse(server[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65_535
            ? (server[..colon].Trim('[', ']'), port)
            : throw new ArgumentException("A server is host:port.", nameof(server));
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "XmppOptions(redacted)";
}

using System.Net;
using Interconnect.Adapters.Hosting;
using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix;

/// <summary>One Matrix homeserver, and how the gateway is its application service.</summary>
public sealed record MatrixOptions
{
    /// <summary>Base address of the homeserver's client-server interface, such as <c>http://127.0.0.1:8008</c>.</summary>
    public string Homeserver { get; init; } = "";

    /// <summary>The homeserver's name, which its users' ids end with, such as <c>hs.test</c>.</summary>
    public string Provider { get; init; } = "";

    /// <summary>Where the homeserver finds us, as in the registration's <c>url</c>: an address and port of ours; <c>http://127.0.0.1:9009</c>.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:9009";

    /// <summary>What we send (<c>as_token</c>); or give <see cref="AsTokenFile"/>.</summary>
    public string? AsToken { get; init; }

    /// <summary>A file whose first line is the <c>as_token</c>.</summary>
    public string? AsTokenFile { get; init; }

    /// <summary>What the homeserver sends (<c>hs_token</c>); or give <see cref="HsTokenFile"/>.</summary>
    public string? HsToken { get; init; }

    /// <summary>A file whose first line is the <c>hs_token</c>.</summary>
    public string? HsTokenFile { get; init; }

    /// <summary>The registration's <c>id</c>; <c>interconnect</c>. Used to ask the homeserver for a ping; with another one it comes back from an outage in its own time, up to nine minutes later.</summary>
    public string RegistrationId { get; init; } = "interconnect";

    /// <summary>The registration's <c>sender_localpart</c>: the hub's own user; <c>gwbot</c>.</summary>
    public string ServiceLocalpart { get; init; } = "gwbot";

    /// <summary>What ghosts' names begin with, as in the registration's user namespace; <c>gw_</c>.</summary>
    public string GhostPrefix { get; init; } = "gw_";

    /// <summary>Anything but a loopback address or https towards the homeserver, or a listener off loopback, needs this: tokens would cross a network in the clear.</summary>
    public bool AllowPlaintextOffLoopback { get; init; }

    /// <summary>Whether the homeserver's token is also taken from the query string, as homeservers before version 1.4 of the specification send it.</summary>
    public bool AllowTokenInQuery { get; init; }

    /// <summary>
    /// Whether an event counts as delivered only when the recipient has read it (<c>m.receipt</c>). False: when the homeserver has accepted it, which is all that
    /// Matrix says of delivery; read receipts are a person's act, and many endpoints never send one.
    /// </summary>
    public bool DeliveredMeansRead { get; init; }

    /// <summary>Largest transaction that is taken, in bytes; 16 MiB (Synapse sends at most 100 events, 100 ephemeral and 100 to-device events).</summary>
    public int MaxTransactionBytes { get; init; } = 16 << 20;

    /// <summary>Largest base64 text in one event; 60,000, which leaves 5,536 of an event's 65,536 bytes for what the homeserver adds.</summary>
    public int MaxFrameCharacters { get; init; } = 60_000;

    /// <summary>Most events a frame may be spread over; 32.</summary>
    public int MaxChunks { get; init; } = 32;

    /// <summary>How long one request to the homeserver may take; 15 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Pause after which the homeserver is asked whether it is there; 30 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (!Uri.TryCreate(Homeserver, UriKind.Absolute, out var homeserver) || homeserver.Scheme is not ("http" or "https"))
        {
            yield return "matrix:homeserver is the http or https address of the homeserver.";
        }
        else if (homeserver is { Scheme: "http", IsLoopback: false } && !AllowPlaintextOffLoopback)
        {
            yield return "matrix:homeserver is neither https nor a loopback address; set allowPlaintextOffLoopback only where the path is protected another way.";
        }

        if (!ProviderDomain.TryParse(Provider, out _))
        {
            yield return "matrix:provider is the homeserver's name, a domain without a port.";
        }

        if (!TryListen(out var listen))
        {
            yield return "matrix:listen is http, an IP address or localhost, and a port, such as http://127.0.0.1:9009.";
        }
        else if (!IPAddress.IsLoopback(listen.Address) && !AllowPlaintextOffLoopback)
        {
            yield return "matrix:listen is not a loopback address; set allowPlaintextOffLoopback only where the path is protected another way.";
        }

        foreach (var problem in Secret.Problems("matrix:asToken", AsToken, AsTokenFile, forHeader: true).Concat(Secret.Problems("matrix:hsToken", HsToken, HsTokenFile, forHeader: true)))
        {
            yield return problem;
        }

        if (RegistrationId.Length is 0 or > 255 || RegistrationId.Any(char.IsControl))
        {
            yield return "matrix:registrationId is 1 to 255 characters, the id in the registration.";
        }

        if (ServiceLocalpart.Length is 0 or > 100 || !ServiceLocalpart.All(MatrixIdentifiers.IsLocalpartCharacter))
        {
            yield return "matrix:serviceLocalpart is 1 to 100 characters of a-z 0-9 . _ = - / +.";
        }

        if (GhostPrefix.Length is 0 or > 32 || !GhostPrefix.All(MatrixIdentifiers.IsLocalpartCharacter) || ServiceLocalpart.StartsWith(GhostPrefix, StringComparison.Ordinal))
        {
            yield return "matrix:ghostPrefix is 1 to 32 characters of a-z 0-9 . _ = - / +, and serviceLocalpart does not begin with it.";
        }

        if (MaxTransactionBytes is < 1 << 20 or > 256 << 20)
        {
            yield return "matrix:maxTransactionBytes is between 1048576 and 268435456.";
        }

        if (MaxFrameCharacters is < 1_000 or > 62_000)
        {
            yield return "matrix:maxFrameCharacters is between 1000 and 62000 (an event has at most 65536 bytes).";
        }

        if (MaxChunks is < 1 or > FrameChunks.MaxChunks)
        {
            yield return $"matrix:maxChunks is between 1 and {FrameChunks.MaxChunks}.";
        }

        if (new[] { RequestTimeout, KeepAlive }.Any(t => t < TimeSpan.FromMilliseconds(100) || t > TimeSpan.FromMinutes(5)))
        {
            yield return "matrix:requestTimeout and keepAlive are between 100 milliseconds and 5 minutes.";
        }
    }

    /// <summary>Redacted: without the tokens.</summary>
    public override string ToString() => $"MatrixOptions({Provider} at {Homeserver})";

    /// <summary>
    /// Whether the environment's proxy may stand between us and the homeserver: only where TLS keeps the tokens from it. What is on this machine is asked directly, and so is what plain HTTP was
    /// allowed to.
    /// </summary>
    public bool MayUseProxy => Uri.TryCreate(Homeserver, UriKind.Absolute, out var homeserver) && homeserver is { Scheme: "https", IsLoopback: false };

    internal bool TryListen(out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.Loopback, 0);
        if (!Uri.TryCreate(Listen, UriKind.Absolute, out var uri) || uri.Scheme != "http" || uri.PathAndQuery != "/")
        {
            return false;
        }

        if (!IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address))
        {
            address = uri.Host == "localhost" ? IPAddress.Loopback : null;
        }

        endpoint = new IPEndPoint(address ?? IPAddress.Loopback, uri.Port);
        return address is not null;
    }
}

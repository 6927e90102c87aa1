using System.Net;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp;

/// <summary>One XMPP network: the server, and how the gateway is its component (XEP-0114).</summary>
public sealed record XmppOptions
{
    /// <summary>Address of the server's component port; <c>127.0.0.1</c>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The server's component port; 5347.</summary>
    public int Port { get; init; } = 5347;

    /// <summary>Our own domain as the server knows it, such as <c>gw.a.test</c>; ghosts live on it. In Unicode or in A-labels, whichever the server was given.</summary>
    public string Component { get; init; } = "";

    /// <summary>The domain of the users as the server knows it, such as <c>a.test</c>; spelled like <see cref="Component"/>. To the federation it is always its A-labels.</summary>
    public string Provider { get; init; } = "";

    /// <summary>The component's shared secret; or give <see cref="SecretFile"/>.</summary>
    public string? Secret { get; init; }

    /// <summary>A file whose first line is the secret.</summary>
    public string? SecretFile { get; init; }

    /// <summary>A component stream has no encryption of its own: anything but a loopback address needs this, with a tunnel or a private network in its place.</summary>
    public bool AllowPlaintextOffLoopback { get; init; }

    /// <summary>
    /// Largest stanza we send, in bytes; 262,144. Assumed to be what the server's component and client limits allow: Prosody's documented default for clients
    /// is 256 KiB, ejabberd's is set by the operator. A larger frame goes in chunks.
    /// </summary>
    public int MaxStanzaBytes { get; init; } = 262_144;

    /// <summary>Most stanzas a frame may be spread over; 16.</summary>
    public int MaxChunks { get; init; } = 16;

    /// <summary>How long the server may take to answer the ping behind what we sent (XEP-0199); 20 s. Then the stream counts as broken.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Pause after which an idle stream is pinged; 30 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long connecting and the handshake may take; 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause between two attempts to connect; 30 s.</summary>
    public TimeSpan MaxReconnectPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Received stanzas that may be on their way to the hub at the same time; 256. As many more may wait; past that a sender is told to wait.</summary>
    public int SubmitsInFlight { get; init; } = 256;

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Host))
        {
            yield return "xmpp:host is empty.";
        }
        else if (!AllowPlaintextOffLoopback && Host != "localhost" && !(IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address)))
        {
            yield return "xmpp:host is not a loopback address; a component stream is not encrypted. Run beside the server, or set allowPlaintextOffLoopback and protect the path another way.";
        }

        if (Port is < 1 or > 65_535)
        {
            yield return "xmpp:port is between 1 and 65535.";
        }

        if (!XmppDomain.TryParse(Component, out var component))
        {
            yield return "xmpp:component is the domain that the server knows this component by.";
        }

        if (!XmppDomain.TryParse(Provider, out var provider) || !ProviderDomain.TryParse(provider.Ascii, out _))
        {
            yield return "xmpp:provider is the domain of the server's users.";
        }
        else if (component == provider)
        {
            yield return "xmpp:component and xmpp:provider are two domains.";
        }
        else if (component is not null && (component.IsUnicode || provider.IsUnicode) && (component.HasALabel || provider.HasALabel))
        {
            yield return "xmpp:component and xmpp:provider are spelled alike, both in Unicode or both in A-labels (xn--), as the server knows them; it takes no other spelling for its own.";
        }

        foreach (var problem in Hosting.Secret.Problems("xmpp:secret", Secret, SecretFile))
        {
            yield return problem;
        }

        if (MaxStanzaBytes is < 10_000 or > 16 << 20)
        {
            yield return "xmpp:maxStanzaBytes is between 10000 (the least a server must take, RFC 6120 section 13.12) and 16777216.";
        }

        if (MaxChunks is < 1 or > FrameChunks.MaxChunks)
        {
            yield return $"xmpp:maxChunks is between 1 and {FrameChunks.MaxChunks}.";
        }

        if (new[] { PingTimeout, KeepAlive, ConnectTimeout, MaxReconnectPause }.Any(t => t < TimeSpan.FromMilliseconds(100) || t > TimeSpan.FromMinutes(10)))
        {
            yield return "xmpp:pingTimeout, keepAlive, connectTimeout and maxReconnectPause are between 100 milliseconds and 10 minutes.";
        }

        if (SubmitsInFlight is < 1 or > 10_000)
        {
            yield return "xmpp:submitsInFlight is between 1 and 10000.";
        }
    }

    /// <summary>Redacted: without the secret.</summary>
    public override string ToString() => $"XmppOptions({Component} at {Host}:{Port})";
}

using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;

namespace Interconnect.Gateway.Configuration;

/// <summary>One network: a file of the folder networks, named by the network's id. Exactly one of the kinds is given.</summary>
internal sealed record NetworkOptions
{
    /// <summary>An XMPP server that this gateway is a component of.</summary>
    public XmppOptions? Xmpp { get; init; }

    /// <summary>A Matrix homeserver that this gateway is an application service of.</summary>
    public MatrixOptions? Matrix { get; init; }

    /// <summary>How the adapter is hosted.</summary>
    public AdapterHostOptions Host { get; init; } = new();

    /// <summary>The domain of the network's users, in A-labels; as written when it is none.</summary>
    public string Provider => XmppDomain.TryParse(Xmpp?.Provider, out var domain) ? domain.Ascii : Xmpp?.Provider ?? Matrix?.Provider ?? string.Empty;
}

using System.Text.Json.Serialization;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>An account on a network and how to reach its server. Kept encrypted in the store.</summary>
public sealed record TransportAccount
{
    /// <summary>The network's kind.</summary>
    public required TransportKind Kind { get; init; }

    /// <summary>The address as the network writes it: <c>alice@a.test</c> or <c>@bob:hs.test</c>.</summary>
    public required string Address { get; init; }

    /// <summary>The account's password.</summary>
    public required string Password { get; init; }

    /// <summary>XMPP: <c>host:port</c>, null = the address's domain and 5222. Matrix: the base URL; null = https and the address's domain.</summary>
    public string? Server { get; init; }

    /// <summary>The gateway on this network. XMPP: the component's domain; null = <c>gw.</c> and the address's domain. Matrix: the service's user; null = <c>@gwbot:</c> and the domain.</summary>
    public string? Gateway { get; init; }

    /// <summary>A PEM file of certificates to trust instead of the system's; null = the system's.</summary>
    public string? TlsAuthorityFile { get; init; }

    /// <summary>Go without TLS, which is allowed to loopback addresses only; default false.</summary>
    public bool InsecureLoopback { get; init; }

    /// <summary>The user URI of the account; null when <see cref="Address"/> is none of the network's.</summary>
    [JsonIgnore]
    public UserUri? User => Kind switch
    {
        TransportKind.Xmpp => XmppAddress.TryParse(Address, out var address) ? address.User : null,
        TransportKind.Matrix => MatrixAddress.TryParse(Address, out var address) ? address.User : null,
    };

    /// <summary>Redacted: holds a password.</summary>
    public override string ToString() => $"TransportAccount({Kind})";
}

/// <summary>The networks this SDK can speak. Numbers are stored.</summary>
public enum TransportKind
{
    /// <summary>XMPP, RFC 6120 client streams.</summary>
    Xmpp = 1,

    /// <summary>Matrix, client-server API v3.</summary>
    Matrix = 2,
}

using System.Diagnostics.CodeAnalysis;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp;

/// <summary>
/// Between XMPP addresses and user URIs, both ways and one to one. An own user <c>alice@a.test</c> is <c>mimi://a.test/u/alice</c>; the ghost of
/// <c>mimi://hs.test/u/bob</c> is <c>bob\40hs.test@gw.a.test</c> (XEP-0106). Both domains are given, and written, as the server knows them.
/// </summary>
internal sealed class XmppIdentifiers(string provider, string component)
{
    /// <summary>The resource that ghosts are present with.</summary>
    public const string GhostResource = "interconnect";

    /// <summary>The hub itself.</summary>
    public Jid Service { get; } = DomainJid(component, nameof(component));

    /// <summary>The server itself.</summary>
    public Jid Server { get; } = DomainJid(provider, nameof(provider));

    /// <summary>The provider whose users these are.</summary>
    public ProviderDomain Provider { get; } = XmppDomain.TryParse(provider, out var domain) ? ProviderDomain.Parse(domain.Ascii) : throw new ArgumentException("Not a provider's domain.", nameof(provider));

    /// <summary>An own user, from an address that the server stamped; false for a name that servers spell by different rules, which would be another user elsewhere.</summary>
    public bool TryUser(Jid jid, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        return XmppLocalpart.IsPlain(jid.Local) && jid.Domain == Provider.Value && UserUri.TryCreate(Provider, jid.Local, out user);
    }

    /// <summary>Whether it is an account of the server whose name does not count here.</summary>
    public bool IsOwnOfNoName(Jid jid) => jid.Local is not null && jid.Domain == Provider.Value && !XmppLocalpart.IsPlain(jid.Local);

    /// <summary>The bare address of an own user; false when its name is not one that every server leaves as it is.</summary>
    public bool TryJid(UserUri user, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        return user.Domain == Provider && XmppLocalpart.IsPlain(user.User) && Jid.TryCreate(user.User, Server.Host, null, out jid);
    }

    /// <summary>The bare address of an own user as a person may write it: upper case of ASCII is folded.</summary>
    public bool TryRead(string address, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        var (local, domain, resource) = Jid.Split(address);
        return resource is null && XmppLocalpart.TryRead(local, out var name) && XmppDomain.TryParse(domain, out var host) && host.Ascii == Provider.Value && UserUri.TryCreate(Provider, name, out user);
    }

    /// <summary>The ghost of another provider's user; false when its name cannot stand in an address without loss.</summary>
    public bool TryGhost(UserUri user, [NotNullWhen(true)] out Jid? ghost)
    {
        ghost = null;
        return user.Domain != Provider && XmppGhost.TryWrite(user, out var local) && Jid.TryCreate(local, Service.Host, null, out ghost);
    }

    /// <summary>The user that a ghost's address stands for; only the one spelling that <see cref="TryGhost"/> writes.</summary>
    public bool TryGhostUser(Jid jid, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        return jid.Local is not null && jid.Domain == Service.Domain && XmppGhost.TryRead(jid.Local, out user) && user.Domain != Provider;
    }

    /// <summary>An address on the component, its domain spelled as the server knows it: what else is answered from another domain, or another spelling of it, ends the stream.</summary>
    public bool TryHere(string? address, [NotNullWhen(true)] out string? written)
    {
        written = null;
        if (address is not null)
        {
            var (local, domain, resource) = Jid.Split(address);
            written = XmppDomain.TryParse(domain, out var host) && host == Service.Host ? $"{(local is null ? "" : local + "@")}{Service.Host.Written}{(resource is null ? "" : "/" + resource)}" : null;
        }

        return written is not null;
    }

    private static Jid DomainJid(string text, string name) => Jid.TryParse(text, out var jid) && jid is { Local: null, Resource: null } ? jid : throw new ArgumentException("Not a domain.", name);
}

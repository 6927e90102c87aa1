namespace Interconnect.Testing;

/// <summary>Where one of the XMPP servers of `deploy/dev` listens on loopback, and how it is trusted.</summary>
/// <param name="Name">The word `deploy/dev` knows it by: `prosody` or `ejabberd`.</param>
/// <param name="Domain">The host of its accounts, such as `a.test`.</param>
/// <param name="ClientPort">Client streams; STARTTLS is required.</param>
/// <param name="ComponentPort">XEP-0114 component streams, without TLS.</param>
/// <param name="ComponentDomain">The gateway's component, such as `gw.a.test`.</param>
/// <param name="ComponentSecret">The component's shared secret.</param>
/// <param name="HttpPort">Uploads and, with Prosody, `/metrics`.</param>
/// <param name="CertificatePath">PEM file of the server's self-signed certificate; the only thing that makes it trusted.</param>
public sealed record XmppServerAddress(
    string Name,
    string Domain,
    int ClientPort,
    int ComponentPort,
    string ComponentDomain,
    string ComponentSecret,
    int HttpPort,
    string CertificatePath);

namespace Interconnect.Endpoint;

/// <summary>What can go wrong with an XMPP account, by rule id.</summary>
internal static class XmppFailures
{
    public static TransportFailure Unreachable => new("XMC-001", "The server cannot be reached", "Check --server and that the server runs", true);

    public static TransportFailure NoTls => new("XMC-002", "The server offers no TLS", "Use a server with TLS; --insecure-loopback is for a server on this machine", false);

    public static TransportFailure NotLoopback => new("XMC-003", "--insecure-loopback is allowed to loopback addresses only", "Leave it out, or use a server on this machine", false);

    public static TransportFailure Untrusted => new("XMC-004", "The server's certificate is not trusted or is not for this domain", "Give the authority's certificate with --tls-ca, if you trust it", false);

    public static TransportFailure BadAuthorityFile => new("XMC-005", "The --tls-ca file cannot be read or holds no certificate", "Give a PEM file with certificates", false);

    public static TransportFailure NoMechanism => new("XMC-006", "The server offers neither SCRAM-SHA-256 nor SCRAM-SHA-1", "Let the server offer one; passwords are not sent in clear", false);

    public static TransportFailure BadCredentials => new("XMC-007", "The server does not take this account and password", "Check both; 'init' was given them", false);

    public static TransportFailure BadServerProof => new("XMC-008", "The server could not prove that it knows the password's verifier", "Do not trust this server; check --server", false);

    public static TransportFailure Lost => new("XMC-010", "The connection was lost", "It is tried again by itself", true);

    public static TransportFailure NoAnswer => new("XMC-011", "The server did not answer in time", "It is tried again by itself", true);

    public static TransportFailure Protocol(string what) => new("XMC-012", $"The server's stream is not what it has to be: {what}", "Report it to the server's operator", true);

    public static TransportFailure StreamError(string condition) => new("XMC-013", $"The server closed the stream: {condition}", condition == "conflict" ? "Another session took this one's place" : "It is tried again by itself", true);

    public static TransportFailure TooLarge => new("XMC-014", "The frame is too large for this network", "Send less at once", false);

    public static TransportFailure PasswordForm => new("XMC-015", "The password is empty or holds what no server takes: controls, private characters, two directions mixed", "Use another password", false);

    public static TransportFailure NoName => new("XMC-016", "The user's name cannot be written on this network: servers would make another name of it", "Ask the user for another account", false);

    public static TransportFailure Returned(string condition, bool retry) =>
        new("XMC-020", $"The network returned the frame: {condition}", retry ? "It is sent again by itself; check that the gateway runs" : "Check the contact's address", retry);
}

/// <summary>Ends a connection attempt or a connection with its reason; never leaves the transport.</summary>
/// <param name="failure">The reason.</param>
/// <param name="stanza">True when a stanza that cannot be read to its end is the reason: it must count as handled, or it comes again with every resumption.</param>
internal sealed class XmppFailedException(TransportFailure failure, bool stanza = false) : Exception(failure.RuleId)
{
    public bool IsStanza { get; } = stanza;

    public TransportFailure Failure { get; } = failure;
}

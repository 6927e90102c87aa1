namespace Interconnect.Endpoint;

/// <summary>What can go wrong with a Matrix account, by rule id.</summary>
internal static class MatrixFailures
{
    public static TransportFailure Unreachable => new("MXC-001", "The homeserver cannot be reached", "Check --server and that the homeserver runs", true);

    public static TransportFailure NoTls => new("MXC-002", "The homeserver's address is not https", "Use https; --insecure-loopback is for a server on this machine", false);

    public static TransportFailure NotLoopback => new("MXC-003", "--insecure-loopback is allowed to loopback addresses only", "Leave it out, or use a server on this machine", false);

    public static TransportFailure BadAuthorityFile => new("MXC-005", "The --tls-ca file cannot be read or holds no certificate", "Give a PEM file with certificates", false);

    public static TransportFailure BadCredentials => new("MXC-007", "The homeserver does not take this account and password", "Check both; 'init' was given them", false);

    public static TransportFailure RateLimited => new("MXC-009", "The homeserver asks to go slower", "It is tried again by itself", true);

    public static TransportFailure Protocol => new("MXC-012", "The homeserver's answer is not what it has to be", "Report it to the server's operator", true);

    public static TransportFailure AnswerTooLarge => new("MXC-013", "The homeserver's answer is larger than is taken", "It is tried again with less at once; if that does not help, leave the largest rooms of this account", true);

    public static TransportFailure TooLarge => new("MXC-014", "The frame is too large for this network", "Send less at once", false);

    public static TransportFailure NotJoined => new("MXC-016", "The gateway's account did not join the room", "Check that the gateway runs; it is tried again by itself", true);

    public static TransportFailure RoomGivenUp => new("MXC-021", "The homeserver does not give some messages of one room", "Ask whoever wrote lately to write again; other rooms are not concerned", false);

    public static TransportFailure Refused(string code, bool retry) => new("MXC-020", $"The homeserver refused: {code}", retry ? "It is tried again by itself" : "Check the account's rights", retry);
}

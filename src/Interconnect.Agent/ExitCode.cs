namespace Interconnect.Agent;

/// <summary>What the process ends with; <c>interconnect-agent --help</c> lists them.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>A defect of ours, or a full disk.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The store: missing, there already, wrong key, in use, damaged.</summary>
    public const int Store = 3;

    /// <summary>The network: unreachable, no trust, bad credentials.</summary>
    public const int Network = 4;

    /// <summary>Refused or bounced by the hub or the other network.</summary>
    public const int Refused = 5;

    /// <summary>Not in the time given; what was saved goes on with the next command.</summary>
    public const int TimedOut = 6;

    /// <summary>Not sent: no consent, or a changed key that is not confirmed.</summary>
    public const int Blocked = 7;

    /// <summary>Stopped by Ctrl-C.</summary>
    public const int Interrupted = 130;

    public const string Help = """
        Exit codes: 0 done; 1 internal error; 2 wrong command line; 3 store (missing, exists, wrong key, in use, damaged); 4 network or login;
        5 refused or bounced; 6 timed out (what was saved goes on with the next command); 7 blocked (no consent, or a changed key); 130 Ctrl-C.
        """;
}

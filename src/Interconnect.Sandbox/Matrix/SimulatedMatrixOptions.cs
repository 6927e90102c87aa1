using System.Text.RegularExpressions;

namespace Interconnect.Sandbox;

/// <summary>A simulated Matrix homeserver's settings and bounds. It listens on 127.0.0.1.</summary>
public sealed record SimulatedMatrixOptions
{
    /// <summary>The part of user ids after the colon.</summary>
    public required string ServerName { get; init; }

    /// <summary>Port; 0 picks a free one.</summary>
    public int Port { get; init; }

    /// <summary>Accounts in all, application service users included.</summary>
    public int MaxAccounts { get; init; } = 10_000;

    /// <summary>Sessions of one account.</summary>
    public int MaxDevices { get; init; } = 50;

    /// <summary>Rooms in all.</summary>
    public int MaxRooms { get; init; } = 10_000;

    /// <summary>Events in all; when full, sending is refused.</summary>
    public int MaxEvents { get; init; } = 200_000;

    /// <summary>Largest request body in bytes; 1 MiB.</summary>
    public int MaxBody { get; init; } = 1 << 20;

    /// <summary>Longest time a sync may wait.</summary>
    public TimeSpan MaxSyncWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>First wait after a transaction that the application service did not take; doubled each time up to <see cref="MaxRetryDelay"/>. Synapse begins with two seconds.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two tries; 512 seconds as in Synapse.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(512);

    /// <summary>Whether a profile is told to those alone who share a room with its owner, as Synapse's <c>limit_profile_requests_to_users_who_share_rooms</c>; everybody else gets 403.</summary>
    public bool LimitProfileRequests { get; init; }

    /// <summary>Sees all traffic; null for none.</summary>
    public SandboxObserver? Observer { get; init; }

    /// <summary>What is wrong with these options; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (!Regex.IsMatch(ServerName, @"\A[A-Za-z0-9.:\-]{1,230}\z"))
        {
            yield return "ServerName is not a server name.";
        }
    }
}

/// <summary>An application service as a homeserver knows it (the registration file of the application service API).</summary>
public sealed record ApplicationServiceRegistration
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Where transactions are pushed, on loopback; null pushes nothing.</summary>
    public required Uri? Url { get; init; }

    /// <summary>What the application service shows the homeserver.</summary>
    public required string AsToken { get; init; }

    /// <summary>What the homeserver shows the application service.</summary>
    public required string HsToken { get; init; }

    /// <summary>The service's own user.</summary>
    public required string SenderLocalpart { get; init; }

    /// <summary>Regular expression over full user ids that belong to it alone.</summary>
    public required string UserNamespace { get; init; }
}

/// <summary>What goes wrong with one request, for tests of the other side.</summary>
/// <param name="Status">HTTP status of the answer; 0 cuts the connection.</param>
/// <param name="ErrorCode">Matrix error code.</param>
/// <param name="RetryAfterMs">For M_LIMIT_EXCEEDED, or null.</param>
/// <param name="AfterHandling">True: the request takes effect and only its answer is lost.</param>
public sealed record MatrixFault(int Status, string ErrorCode, int? RetryAfterMs, bool AfterHandling);

namespace Interconnect.Hub;

/// <summary>What the hub role does now. Read by readiness; safe from any thread.</summary>
public sealed class HubStatus
{
    private volatile HubReadiness current = new(HubState.Starting, "the hub has not started");

    private volatile string? sweepsPaused;

    /// <summary>State and reason.</summary>
    public HubReadiness Current => current;

    /// <summary>Null when the hub takes events; else the reason in plain words, without credentials.</summary>
    public string? WhyNotReady => current.State == HubState.Active ? null : current.Reason ?? current.State.ToString();

    /// <summary>Why expiry and retention pause, in plain words; null when they do not. Events are taken all the same.</summary>
    public string? SweepsPaused => sweepsPaused;

    internal void SetSweepsPaused(string? reason) => sweepsPaused = reason;

    internal void Set(HubState state, string? reason = null) => current = new HubReadiness(state, reason);
}

/// <summary>State of the hub role.</summary>
/// <param name="State">Which.</param>
/// <param name="Reason">Plain words; null when active.</param>
public sealed record HubReadiness(HubState State, string? Reason);

/// <summary>States of the hub role.</summary>
public enum HubState
{
    /// <summary>Not there yet: opening the database, applying migrations, binding to the bus.</summary>
    Starting,

    /// <summary>Another process holds the lease; this one waits for it. Healthy, but takes nothing.</summary>
    Standby,

    /// <summary>Holds the lease and takes events.</summary>
    Active,

    /// <summary>The database or the lease is lost; retrying. Nothing is acknowledged.</summary>
    Unavailable,

    /// <summary>Taking nothing new, finishing what is in flight.</summary>
    Stopping,

    /// <summary>Stopped.</summary>
    Stopped,
}

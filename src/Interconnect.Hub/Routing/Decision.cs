using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What is to become of one submitted event. Deciding changes nothing; staging does.</summary>
internal abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>Everything that changes when it is accepted.</summary>
    public sealed record Accepted : Decision
    {
        private readonly IReadOnlyList<UserUri>? toward;

        /// <summary>Who gets the event; empty when it was for the hub itself.</summary>
        public IReadOnlyList<UserUri> Recipients { get; init; } = [];

        /// <summary>Whose networks have to take what waits for them, whether or not anything crosses.</summary>
        public IReadOnlyList<UserUri> Toward { get => toward ?? Recipients; init => toward = value; }

        /// <summary>Gets no number in its conversation, and nobody is told how far it comes: either would show what is not told.</summary>
        public bool Unnumbered { get; init; }

        public Client? Client { get; init; }

        public IReadOnlyList<KeyPackageEntry> Published { get; init; } = [];

        public IReadOnlyList<KeyClaim> Claimed { get; init; } = [];

        public IReadOnlyList<Consent> Consents { get; init; } = [];

        public Room? Room { get; init; }

        public IdentityChange? Identity { get; init; }

        /// <summary>Devices are removed: no backlog and no rate holds that up.</summary>
        public bool IsUrgent { get; init; }

        /// <summary>What the hub tells others besides.</summary>
        public IReadOnlyList<KeyMaterialCount> Notices { get; init; } = [];

        /// <summary>The hub's answer besides the acceptance; null when there is none.</summary>
        public FederationEvent? Response { get; init; }
    }

    /// <summary>Refused; nothing but ledger, counter and the refusal itself changes.</summary>
    /// <param name="Rule">The rule.</param>
    /// <param name="Detail">Another part's rule behind it, such as <c>MLS-101</c>; null when none.</param>
    /// <param name="RetryAfter">When trying again can help.</param>
    /// <param name="CurrentEpoch">The group's epoch, when that was the reason.</param>
    public sealed record Refused(HubRule Rule, string? Detail = null, TimeSpan? RetryAfter = null, ulong? CurrentEpoch = null) : Decision
    {
        /// <summary>Shown instead of the rule's own id and demand; null otherwise.</summary>
        public (string RuleId, string Reason)? Shown { get; init; }

        /// <summary>Two device lists that contradict each other; null otherwise.</summary>
        public (SignedDeviceList Known, SignedDeviceList Shown)? Fork { get; init; }
    }

    /// <summary>Not done yet: it is kept that it was asked for, everybody concerned gets the event, and the sender a refusal that says when to come again.</summary>
    /// <param name="Answer">The refusal.</param>
    /// <param name="Identity">What is kept.</param>
    /// <param name="Recipients">Who gets the event.</param>
    public sealed record Waiting(Refused Answer, IdentityChange Identity, IReadOnlyList<UserUri> Recipients) : Decision;

    /// <summary>Taken before; silent.</summary>
    public sealed record Duplicate : Decision;
}

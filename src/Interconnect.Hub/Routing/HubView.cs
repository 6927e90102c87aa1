using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// The state as one group of events sees it: what was loaded for the group, and over it what the group's own earlier events staged. Reading something that was not loaded is a defect.
/// </summary>
internal sealed class HubView
{
    /// <summary>By <see cref="PreparedEvent.Id"/>.</summary>
    public HashSet<EventId> Events { get; } = [];

    /// <summary>Those of <see cref="Events"/> that the ledger had when the group was loaded.</summary>
    public Dictionary<EventId, KnownEvent> Known { get; } = [];

    /// <summary>Keys of <see cref="FrameKey"/> in hexadecimal.</summary>
    public HashSet<string> Frames { get; } = new(StringComparer.Ordinal);

    public Dictionary<ClientUri, Client?> Clients { get; } = [];

    public Dictionary<RoomUri, Room?> Rooms { get; } = [];

    /// <summary>Of every sender, and of who joins a room or is asked for.</summary>
    public Dictionary<UserUri, UserIdentity?> Identities { get; } = [];

    /// <summary>The newest era's lists, empty when there are none; loaded where lists come, are compared or are given out.</summary>
    public Dictionary<UserUri, IReadOnlyList<ReadOnlyMemory<byte>>> Chains { get; } = [];

    /// <summary>Who is in contact with a user whose devices change.</summary>
    public Dictionary<UserUri, List<UserUri>> ContactsOf { get; } = [];

    public Dictionary<(string, string), PairConsents> Consents { get; } = [];

    public Dictionary<ConversationKey, Conversation?> Conversations { get; } = [];

    /// <summary>By the owner of the clients; loaded for publications and device lists, and for key material requests that the owner consents to.</summary>
    public Dictionary<UserUri, List<Client>> ClientsOf { get; } = [];

    /// <summary>Packages that may be given out, oldest first; loaded for key material requests.</summary>
    public Dictionary<ClientUri, List<KeyPackageEntry>> Pools { get; } = [];

    /// <summary>What waits to be given out; loaded with <see cref="ClientsOf"/> and for clients that ask. Nothing: none.</summary>
    public Dictionary<ClientUri, PoolCount> Counts { get; } = [];

    /// <summary>How many packages of a client somebody got in the last day; loaded for key material requests.</summary>
    public Dictionary<(UserUri Requester, ClientUri Client), int> RecentClaims { get; } = [];

    /// <summary>References in hexadecimal; loaded for publications.</summary>
    public HashSet<string> KnownPackages { get; } = new(StringComparer.Ordinal);

    /// <summary>By reference in hexadecimal; loaded for Welcomes.</summary>
    public Dictionary<string, List<KeyClaim>> Claims { get; } = new(StringComparer.Ordinal);

    /// <summary>Requests that wait for an answer; loaded for consent entries.</summary>
    public Dictionary<UserUri, int> OpenRequests { get; } = [];

    /// <summary>On how many contacts and rooms somebody has said something; loaded for consent entries.</summary>
    public Dictionary<UserUri, int> Said { get; } = [];

    /// <summary>How many rooms somebody has made; loaded for commits that make one.</summary>
    public Dictionary<UserUri, int> RoomsMade { get; } = [];

    /// <summary>Loaded for reports.</summary>
    public Dictionary<(EventId, UserUri), LedgerTarget> Targets { get; } = [];

    public PairConsents ConsentsOf(UserUri one, UserUri other) => Consents[HubCaches.PairOf(one, other)];
}

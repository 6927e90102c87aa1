using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Rows as they stand in the database. Right because the hub is the only writer while it holds the lease, and because it changes only after a commit; dropped with the
/// session when a commit's outcome is unknown.
/// </summary>
internal sealed class HubCaches(int capacity)
{
    public GenerationalCache<ClientUri, Client> Clients { get; } = new(capacity);

    public GenerationalCache<RoomUri, Room> Rooms { get; } = new(capacity);

    /// <summary>Fewer than the others: a list of a hundred devices has 64 KiB.</summary>
    public GenerationalCache<UserUri, UserIdentity> Identities { get; } = new(Math.Max(1, capacity / 20));

    public GenerationalCache<(string, string), PairConsents> Consents { get; } = new(capacity);

    public GenerationalCache<ConversationKey, Conversation> Conversations { get; } = new(capacity);

    /// <summary>Which answers this session repeated, and when.</summary>
    public GenerationalCache<EventId, Repetition> Repeated { get; } = new(capacity);

    public static (string, string) PairOf(UserUri one, UserUri other) =>
        string.CompareOrdinal(one.Value, other.Value) <= 0 ? (one.Value, other.Value) : (other.Value, one.Value);
}

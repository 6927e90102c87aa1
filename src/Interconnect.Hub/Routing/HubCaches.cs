using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Rows as they stand in the database. Right because the hub is the only writer while it holds the lease, and because it changes only after a commit; dropped with the
/// session when a commit's outcome is unknown. Bounded by bytes: three eighths for rooms, whose GroupInfo is as large as its members like.
/// </summary>
internal sealed class HubCaches(long bytes)
{
    // An entry's dictionary slot and objects, without what its strings and arrays hold.
    private const int Overhead = 200;

    public GenerationalCache<ClientUri, Client> Clients { get; } = new(bytes / 8, static (uri, client) => Overhead + Text(uri.Value) + (client?.SignatureKey.Length ?? 0));

    /// <summary>A list of a hundred devices has 64 KiB.</summary>
    public GenerationalCache<UserUri, UserIdentity> Identities { get; } = new(bytes / 32 * 3, static (uri, identity) => Overhead + Text(uri.Value) + (identity is null ? 0 : Overhead + (3L * identity.Newest.Encoded.Length)));

    public GenerationalCache<RoomUri, Room> Rooms { get; } = new(bytes / 8 * 3, static (uri, room) => Overhead + Text(uri.Value) + (room?.MemoryBytes ?? 0));

    public GenerationalCache<(string, string), PairConsents> Consents { get; } = new(bytes / 8, static (pair, consents) =>
        Overhead + Text(pair.Item1) + Text(pair.Item2) + ((consents?.Entries.Count ?? 0) * (Overhead + (3 * Text(pair.Item1)))));

    public GenerationalCache<ConversationKey, Conversation> Conversations { get; } = new(bytes / 16, static (key, _) => Overhead + (2 * Text(key.Value)));

    /// <summary>Which answers this session repeated, and when.</summary>
    public GenerationalCache<EventId, Repetition> Repeated { get; } = new(bytes / 16, static (_, _) => Overhead);

    public static (string, string) PairOf(UserUri one, UserUri other) =>
        string.CompareOrdinal(one.Value, other.Value) <= 0 ? (one.Value, other.Value) : (other.Value, one.Value);

    private static int Text(string text) => 2 * text.Length;
}

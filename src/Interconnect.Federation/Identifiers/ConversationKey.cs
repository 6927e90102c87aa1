using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// What order is kept within and what the partition is computed from: a room, or outside rooms a pair of users, or one user's own key material.
/// </summary>
public sealed record ConversationKey
{
    /// <summary>Longest key in characters.</summary>
    public const int MaxLength = (2 * MimiUri.MaxLength) + 16;

    private ConversationKey(string value) => Value = value;

    /// <summary>The key's text; it holds personal identifiers, so never for a log.</summary>
    public string Value { get; }

    /// <summary>A room's conversation.</summary>
    public static ConversationKey OfRoom(RoomUri room) => new("room " + room.Value);

    /// <summary>What two users exchange outside a room; the same whichever of them sends.</summary>
    public static ConversationKey OfPair(UserUri one, UserUri other)
    {
        var (first, second) = string.CompareOrdinal(one.Value, other.Value) <= 0 ? (one, other) : (other, one);
        return new ConversationKey($"pair {first.Value} {second.Value}");
    }

    /// <summary>A user's own dealings with the hub, such as publishing key material.</summary>
    public static ConversationKey OfUser(UserUri user) => new("user " + user.Value);

    /// <summary>Reads a key that one of the three makers wrote.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ConversationKey? key)
    {
        key = null;
        var parts = text is { Length: <= MaxLength } ? text.Split(' ') : [];
        key = parts switch
        {
            ["room", var room] when RoomUri.TryParse(room, out var uri) => OfRoom(uri),
            ["user", var user] when UserUri.TryParse(user, out var uri) => OfUser(uri),
            ["pair", var one, var other] when UserUri.TryParse(one, out var first) && UserUri.TryParse(other, out var second) => OfPair(first, second),
            _ => null,
        };
        return key is not null;
    }

    /// <summary>The partition of <paramref name="count"/> that the conversation belongs to: FNV-1a 64 over the UTF-8, modulo. Stable across versions and machines.</summary>
    public int PartitionOf(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(Value))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return (int)(hash % (ulong)count);
    }

    /// <summary>Redacted: a key holds personal identifiers.</summary>
    public override string ToString() => "ConversationKey(redacted)";
}

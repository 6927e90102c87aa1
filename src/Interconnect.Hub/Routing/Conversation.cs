using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>Where a conversation's numbering stands.</summary>
/// <param name="No">The row's number, short for the key.</param>
/// <param name="Key">The conversation.</param>
/// <param name="LastSequence">The last sequence number given; 0 before the first.</param>
/// <param name="ChangedAt">When it was given.</param>
internal sealed record Conversation(long No, ConversationKey Key, long LastSequence, DateTimeOffset ChangedAt);

/// <summary>A conversation that a sweep looks at, with its room's maker and members when it is a room's.</summary>
internal sealed record IdleConversation(long No, ConversationKey Key, DateTimeOffset ChangedAt, bool HasRoom, int Participants);

/// <summary>Table <c>hub_conversations</c>.</summary>
internal static class ConversationStore
{
    public static readonly RowStatement<ConversationKey> ByKey = new(
        "SELECT c.conversation_no, c.conversation, c.last_sequence, c.changed_ms FROM given JOIN hub_conversations c ON c.conversation = given.conversation",
        RowColumn<ConversationKey>.Text("conversation", k => k.Value));

    public static readonly RowStatement<Conversation> Insert = new(
        "INSERT INTO hub_conversations (conversation_no, conversation, last_sequence, changed_ms) SELECT conversation_no, conversation, last_sequence, changed_ms FROM given",
        RowColumn<Conversation>.Number("conversation_no", c => c.No),
        RowColumn<Conversation>.Text("conversation", c => c.Key.Value),
        RowColumn<Conversation>.Number("last_sequence", c => c.LastSequence),
        RowColumn<Conversation>.Number("changed_ms", c => c.ChangedAt.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<Conversation> Advance = new(
        "UPDATE hub_conversations SET last_sequence = given.last_sequence, changed_ms = given.changed_ms FROM given WHERE hub_conversations.conversation_no = given.conversation_no",
        RowColumn<Conversation>.Number("conversation_no", c => c.No),
        RowColumn<Conversation>.Number("last_sequence", c => c.LastSequence),
        RowColumn<Conversation>.Number("changed_ms", c => c.ChangedAt.ToUnixTimeMilliseconds()));

    /// <summary>The next conversations in the order of numbers, with whose they are; no index on the time, since every event changes it.</summary>
    public static readonly RowStatement<long> Next = new(
        """
        SELECT c.conversation_no, c.conversation, c.changed_ms, r.room, (SELECT COUNT(DISTINCT k.owner) FROM hub_room_members m JOIN hub_clients k ON k.client = m.client WHERE m.room = r.room)
        FROM hub_conversations c LEFT JOIN hub_rooms r ON r.room = substr(c.conversation, 6) AND c.conversation LIKE 'room %'
        WHERE c.conversation_no > (SELECT after_no FROM given) ORDER BY c.conversation_no LIMIT 1000
        """,
        RowColumn<long>.Number("after_no", n => n));

    public static readonly RowStatement<long> Delete = new("DELETE FROM hub_conversations WHERE conversation_no IN (SELECT conversation_no FROM given)", RowColumn<long>.Number("conversation_no", n => n));

    public static IdleConversation ReadIdle(DbDataReader row) =>
        new(row.GetInt64(0), Key(row.GetString(1)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), !row.IsDBNull(3), row.IsDBNull(4) ? 0 : (int)row.GetInt64(4));

    public static Conversation Read(DbDataReader row) =>
        new(row.GetInt64(0), Key(row.GetString(1)), row.GetInt64(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)));

    private static ConversationKey Key(string text) => ConversationKey.TryParse(text, out var key) ? key : throw new InvalidDataException("A stored conversation key cannot be read.");
}

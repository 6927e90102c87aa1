using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>Where a conversation's numbering stands.</summary>
/// <param name="No">The row's number, short for the key.</param>
/// <param name="Key">The conversation.</param>
/// <param name="LastSequence">The last sequence number given; 0 before the first.</param>
internal sealed record Conversation(long No, ConversationKey Key, long LastSequence);

/// <summary>Table <c>hub_conversations</c>.</summary>
internal static class ConversationStore
{
    public static readonly RowStatement<ConversationKey> ByKey = new(
        "SELECT c.conversation_no, c.conversation, c.last_sequence FROM given JOIN hub_conversations c ON c.conversation = given.conversation",
        RowColumn<ConversationKey>.Text("conversation", k => k.Value));

    public static readonly RowStatement<Conversation> Insert = new(
        "INSERT INTO hub_conversations (conversation_no, conversation, last_sequence) SELECT conversation_no, conversation, last_sequence FROM given",
        RowColumn<Conversation>.Number("conversation_no", c => c.No),
        RowColumn<Conversation>.Text("conversation", c => c.Key.Value),
        RowColumn<Conversation>.Number("last_sequence", c => c.LastSequence));

    public static readonly RowStatement<Conversation> Advance = new(
        "UPDATE hub_conversations SET last_sequence = given.last_sequence FROM given WHERE hub_conversations.conversation_no = given.conversation_no",
        RowColumn<Conversation>.Number("conversation_no", c => c.No),
        RowColumn<Conversation>.Number("last_sequence", c => c.LastSequence));

    public static Conversation Read(DbDataReader row) =>
        new(row.GetInt64(0), ConversationKey.TryParse(row.GetString(1), out var key) ? key : throw new InvalidDataException("A stored conversation key cannot be read."), row.GetInt64(2));
}

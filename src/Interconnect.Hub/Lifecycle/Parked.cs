using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A conversation whose event met a defect; everything later in it waits.</summary>
/// <param name="Conversation">Which.</param>
/// <param name="OpaqueId">How operators name it: random, says nothing about who.</param>
/// <param name="Reason">Plain words: the exception's type or the database's code.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="ParkedAt">Since when.</param>
/// <param name="NotBefore">When it is tried again.</param>
internal sealed record ParkedConversation(ConversationKey Conversation, string OpaqueId, string Reason, int Attempts, DateTimeOffset ParkedAt, DateTimeOffset NotBefore);

/// <summary>An envelope that waits in a parked conversation, as the bus brought it.</summary>
internal sealed record ParkedEnvelope(long No, ConversationKey Conversation, HubStream Stream, byte[] Body);

/// <summary>Tables <c>hub_parked_conversations</c> and <c>hub_parked</c>.</summary>
internal static class ParkedStore
{
    private const string Columns = "conversation, opaque_id, reason, attempts, parked_ms, not_before_ms";

    public static readonly RowStatement<ParkedConversation> Upsert = new(
        $"""
        INSERT INTO hub_parked_conversations ({Columns}) SELECT {Columns} FROM given WHERE true
        ON CONFLICT (conversation) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts, not_before_ms = excluded.not_before_ms
        """,
        RowColumn<ParkedConversation>.Text("conversation", p => p.Conversation.Value),
        RowColumn<ParkedConversation>.Text("opaque_id", p => p.OpaqueId),
        RowColumn<ParkedConversation>.Text("reason", p => p.Reason),
        RowColumn<ParkedConversation>.Number("attempts", p => p.Attempts),
        RowColumn<ParkedConversation>.Number("parked_ms", p => p.ParkedAt.ToUnixTimeMilliseconds()),
        RowColumn<ParkedConversation>.Number("not_before_ms", p => p.NotBefore.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<ParkedEnvelope> Insert = new(
        "INSERT INTO hub_parked (parked_no, conversation, stream, body) SELECT parked_no, conversation, stream, body FROM given",
        RowColumn<ParkedEnvelope>.Number("parked_no", p => p.No),
        RowColumn<ParkedEnvelope>.Text("conversation", p => p.Conversation.Value),
        RowColumn<ParkedEnvelope>.Text("stream", p => p.Stream == HubStream.Submit ? "submit" : "report"),
        RowColumn<ParkedEnvelope>.Bytes("body", p => p.Body));

    /// <summary>All parked conversations; the given row is only there because a statement has one.</summary>
    public static readonly RowStatement<long> All = new(
        $"SELECT {Columns} FROM hub_parked_conversations WHERE parked_ms > (SELECT after_ms FROM given) ORDER BY parked_ms, opaque_id", RowColumn<long>.Number("after_ms", n => n));

    public static readonly RowStatement<ConversationKey> First = new(
        "SELECT p.parked_no, p.conversation, p.stream, p.body FROM hub_parked p WHERE p.conversation = (SELECT conversation FROM given) ORDER BY p.parked_no LIMIT 1",
        RowColumn<ConversationKey>.Text("conversation", k => k.Value));

    /// <summary>All that waits; the given row is only there because a statement has one.</summary>
    public static readonly RowStatement<long> Envelopes = new(
        "SELECT parked_no, conversation, stream, body FROM hub_parked WHERE parked_no > (SELECT parked_no FROM given)", RowColumn<long>.Number("parked_no", n => n));

    public static readonly RowStatement<long> Delete = new(
        "DELETE FROM hub_parked WHERE parked_no IN (SELECT parked_no FROM given)", RowColumn<long>.Number("parked_no", n => n));

    public static readonly RowStatement<ConversationKey> Release = new(
        "DELETE FROM hub_parked_conversations WHERE conversation IN (SELECT conversation FROM given)", RowColumn<ConversationKey>.Text("conversation", k => k.Value));

    public static ParkedConversation Read(DbDataReader row) => new(
        Key(row.GetString(0)), row.GetString(1), row.GetString(2), (int)row.GetInt64(3),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)));

    public static ParkedEnvelope ReadEnvelope(DbDataReader row) => new(
        row.GetInt64(0), Key(row.GetString(1)), row.GetString(2) == "submit" ? HubStream.Submit : HubStream.Report, row.GetFieldValue<byte[]>(3));

    private static ConversationKey Key(string text) =>
        ConversationKey.TryParse(text, out var key) ? key : throw new InvalidDataException("A stored conversation key cannot be read.");
}

using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>One event, at one position of the server's stream.</summary>
internal sealed record MatrixEvent(long Position, string RoomId, string EventId, string Sender, string Type, string? StateKey, JsonObject Content, long Timestamp)
{
    /// <summary>The session that sent it and its transaction id, told to that session only.</summary>
    public (string Session, string TxnId)? Transaction { get; init; }

    /// <summary>The state event it took the place of.</summary>
    public MatrixEvent? Replaces { get; init; }

    public string? Membership => Type == "m.room.member" ? Content["membership"].Text() : null;

    public JsonObject ToJson(long now, bool withRoom, string? session = null)
    {
        var unsigned = new JsonObject { ["age"] = Math.Max(0, now - Timestamp) };
        if (Transaction is { } transaction && transaction.Session == session)
        {
            unsigned["transaction_id"] = transaction.TxnId;
        }

        if (Replaces is not null)
        {
            unsigned["prev_content"] = Replaces.Content.DeepClone();
            unsigned["replaces_state"] = Replaces.EventId;
        }

        var json = new JsonObject { ["type"] = Type, ["sender"] = Sender, ["content"] = Content.DeepClone(), ["event_id"] = EventId, ["origin_server_ts"] = Timestamp, ["unsigned"] = unsigned };
        if (StateKey is not null)
        {
            json["state_key"] = StateKey;
        }

        if (withRoom)
        {
            json["room_id"] = RoomId;
        }

        return json;
    }

    public JsonObject ToStripped() => new() { ["type"] = Type, ["sender"] = Sender, ["state_key"] = StateKey, ["content"] = Content.DeepClone() };
}

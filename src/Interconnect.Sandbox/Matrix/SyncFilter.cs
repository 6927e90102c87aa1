using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>The parts of a filter that are honoured: room.timeline limit, types and senders, and the rooms. Others widen what is sent, never narrow it.</summary>
internal sealed class SyncFilter(JsonObject? filter)
{
    private readonly JsonObject? room = filter?["room"] as JsonObject;
    private readonly JsonObject? timeline = (filter?["room"] as JsonObject)?["timeline"] as JsonObject;

    public int Limit => (int)Math.Clamp(timeline?["limit"].Number() ?? 10, 0, 100);

    public bool Takes(string roomId) => IsListed(room, "rooms", "not_rooms", roomId);

    public bool Takes(MatrixEvent e) => IsListed(timeline, "types", "not_types", e.Type) && IsListed(timeline, "senders", "not_senders", e.Sender);

    private static bool IsListed(JsonObject? part, string yes, string no, string value) =>
        (part?[yes] is not JsonArray wanted || wanted.Texts().Any(w => Matches(w, value))) && !(part?[no].Texts().Any(w => Matches(w, value)) ?? false);

    private static bool Matches(string pattern, string value) => pattern == value || (pattern.EndsWith('*') && value.StartsWith(pattern[..^1], StringComparison.Ordinal));
}

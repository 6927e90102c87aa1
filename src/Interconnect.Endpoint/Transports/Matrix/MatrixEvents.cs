using System.Text.Json.Nodes;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Frames as Matrix events and back. Pure.</summary>
internal static class MatrixEvents
{
    public const string FrameKey = "org.interconnect.frame";
    public const string ChunkKey = "org.interconnect.chunk";
    public const string Fallback = "This message is end-to-end encrypted; it needs an Interconnect endpoint.";

    /// <summary>Only what is needed: memberships and messages. Few a room at once, because every room of the account is in one answer; what is left out is fetched by itself.</summary>
    public const string Filter = """{"presence":{"types":[]},"account_data":{"types":[]},"room":{"account_data":{"types":[]},"ephemeral":{"types":[]},"state":{"types":["m.room.member"]},"timeline":{"types":["m.room.member","m.room.message"],"limit":10}}}""";

    /// <summary>The same with the least a room, for when that was too much.</summary>
    public const string SmallFilter = """{"presence":{"types":[]},"account_data":{"types":[]},"room":{"account_data":{"types":[]},"ephemeral":{"types":[]},"state":{"types":["m.room.member"]},"timeline":{"types":["m.room.member","m.room.message"],"limit":1}}}""";

    /// <summary>The events that carry a frame with their transaction ids, which differ from attempt to attempt: the server shows nobody a repeated one. Null when it is too large even in chunks.</summary>
    public static IReadOnlyList<(string Transaction, JsonObject Content)>? Write(MatrixOptions options, FrameId id, int attempt, ReadOnlyMemory<byte> frame)
    {
        var transaction = attempt == 1 ? id.Hex : FormattableString.Invariant($"{id.Hex}.{attempt}");
        if (frame.Length <= options.MaxFrameBytes)
            return [(transaction, Content(FrameKey, Convert.ToBase64String(frame.Span)))];

        return FrameChunks.Split(frame.Span, id, options.MaxChunkCharacters)?
            .Select((chunk, i) => (FormattableString.Invariant($"{transaction}-{i + 1}"), Content(ChunkKey, chunk))).ToList();
    }

    /// <summary>What an event carries, or null when it is not from the gateway or carries no frame.</summary>
    public static InboundItem? Read(MatrixOptions options, JsonNode? happened)
    {
        if (happened.Text("type") != "m.room.message" || Sender(options, happened.Text("sender")) is not { } from)
            return null;

        var content = happened.Object("content");
        if (content.Text(FrameKey) is { } frame)
            return new InboundItem.Frame(from, Decode(frame));

        return content.Text(ChunkKey) is { } chunk ? new InboundItem.Chunk(from, chunk) : null;
    }

    /// <summary>The gateway's account that an id is, or null for anybody else.</summary>
    public static TransportAddress? Sender(MatrixOptions options, string? id) =>
        id is null ? null
        : id == options.Service ? new TransportAddress.Service()
        : MatrixAddress.TryReadGhost(id, options.Homeserver, out var user) ? new TransportAddress.Ghost(user)
        : null;

    public static string IdOf(MatrixOptions options, TransportAddress address) =>
        address is TransportAddress.Ghost ghost ? MatrixAddress.GhostOf(ghost.User, options.Homeserver) : options.Service;

    private static JsonObject Content(string key, string value) => new() { ["msgtype"] = "m.notice", ["body"] = Fallback, [key] = value };

    /// <summary>The bytes, or none for what is not base64; the frame's decoder then says so.</summary>
    private static byte[] Decode(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            return [];
        }
    }
}

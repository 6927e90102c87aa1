using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix;

/// <summary>What an entry of a transaction means. A closed set.</summary>
internal abstract record MatrixInbound
{
    /// <summary>Nothing to do.</summary>
    public sealed record Ignored : MatrixInbound;

    /// <summary>An event for the hub.</summary>
    public sealed record Submit(string Room, InboundEvent Event) : MatrixInbound;

    /// <summary>A part of a frame; the event depends on the other parts.</summary>
    public sealed record Part(FrameChunk Chunk, UserUri Sender, EventAddress Address) : MatrixInbound;

    /// <summary>An ordinary client's message that nothing end-to-end covers; whom it is for depends on the room.</summary>
    public sealed record Uncovered(UserUri Sender, EventAddress Address) : MatrixInbound;

    /// <summary>A ghost, or the service, is invited.</summary>
    /// <param name="Welcome">False when the one who invites is not a user of the homeserver, or the room is not to be used any more: the invitation is declined, or the room left.</param>
    public sealed record Invited(string Room, string Ghost, string By, bool Welcome) : MatrixInbound;

    /// <summary>A user, or one of ours, is in a room no more, or not invited any more.</summary>
    public sealed record Left(string Room, string Who) : MatrixInbound;

    /// <summary>Somebody is in a room, or invited to it.</summary>
    public sealed record Entered(string Room, string Who, bool Joined) : MatrixInbound;

    /// <summary>Something changed that decides whether the room is a pair's.</summary>
    public sealed record Changed(string Room) : MatrixInbound;

    /// <summary>A user has read up to an event.</summary>
    public sealed record Read(string Room, string EventId, UserUri By) : MatrixInbound;

    /// <summary>The room in which entries keep their order; null when it does not matter.</summary>
    public string? OrderedIn => this switch
    {
        Submit submit => submit.Room,
        Part part => part.Address.Room,
        Uncovered uncovered => uncovered.Address.Room,
        Invited invited => invited.Room,
        Left left => left.Room,
        Entered entered => entered.Room,
        Changed changed => changed.Room,
        Read read => read.Room,
        _ => null,
    };
}

/// <summary>A transaction that could be read.</summary>
/// <param name="Entries">Its entries in order.</param>
/// <param name="Fingerprint">Of what is in it: the events' ids, and whatever has none. The same when the homeserver brings it again, though the events' ages differ.</param>
internal sealed record MatrixTransaction(IReadOnlyList<MatrixInbound> Entries, string Fingerprint);

/// <summary>Which event, where; and, once the room is known, which of ours speaks there.</summary>
internal sealed record EventAddress(string Room, string EventId, string? Ghost = null)
{
    /// <summary>For the host to keep: how to answer later.</summary>
    public string ToReference() => string.Join('\n', "m1", Room, EventId, Ghost ?? "");

    /// <summary>Reads what <see cref="ToReference"/> wrote.</summary>
    public static bool TryRead(string reference, [NotNullWhen(true)] out EventAddress? address)
    {
        address = reference.Split('\n') is ["m1", var room, var id, var ghost] ? new EventAddress(room, id, ghost.Length == 0 ? null : ghost) : null;
        return address is not null;
    }
}

/// <summary>What a delivery becomes.</summary>
internal abstract record MatrixOutbound
{
    /// <summary>Events from <paramref name="Ghost"/> into the room it shares with <paramref name="User"/>, in order.</summary>
    public sealed record Events(string Ghost, string User, IReadOnlyList<JsonObject> Contents) : MatrixOutbound;

    /// <summary>A notice about an ordinary client's message, in its room.</summary>
    public sealed record Notice(string Room, string Ghost, JsonObject Content) : MatrixOutbound;

    /// <summary>It cannot be written on this network.</summary>
    public sealed record Impossible(string RuleId, string Reason) : MatrixOutbound;
}

/// <summary>
/// Pure translation between Matrix events and the contract, both ways. Rules: MTX-004 no such user, 006 a name that cannot stand in an id, 007 too large,
/// 010 refused by the homeserver, 011 plaintext to the service, 012 Matrix's own encryption, 013 bad base64, 014 frame and chunk at once, 016 no transaction, 017 a room of nobody; 020 to 025 are
/// <see cref="Rooms.PairRoom"/>'s. One file, because both directions have to agree.
/// </summary>
internal sealed class MatrixTranslator(MatrixIdentifiers identifiers, MatrixOptions options)
{
    /// <summary>What a person without an endpoint sees.</summary>
    public const string Fallback = "This message is end-to-end encrypted; it needs an Interconnect endpoint.";

    private const string FrameKey = "org.interconnect.frame";
    private const string ChunkKey = "org.interconnect.chunk";

    // An event of 64 KiB nests at most 65,536 deep, and a user chooses how deep. The parser does not recurse, and the transaction's size bounds it.
    private const int MaxDepth = 1 << 18;
    private const int MaxEntries = 10_000;
    private static readonly string[] Deciding = ["m.room.join_rules", "m.room.history_visibility", "m.room.power_levels", "m.room.third_party_invite", "m.room.tombstone"];
    private static readonly EncryptionLabels FrameLabels = new(OuterEncryption.Tls, InnerEncryption.Mls10);
    private static readonly EncryptionLabels PlainLabels = new(OuterEncryption.Tls, InnerEncryption.None);

    /// <summary>Reads a transaction's body; null when it is none. A single bad entry is ignored, because the homeserver would bring it for ever.</summary>
    public MatrixTransaction? TranslateIn(ReadOnlySequence<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var entries = new List<MatrixInbound>();
            using var fingerprint = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var entry in Entries(document.RootElement, "events").Take(MaxEntries))
            {
                fingerprint.AppendData(Identity(entry));
                entries.AddRange(OrNothing(() => [Entry(entry)]));
            }

            // The stable name wins where a homeserver sends both.
            var ephemeral = document.RootElement.TryGetProperty("ephemeral", out _) ? "ephemeral" : "de.sorunome.msc2409.ephemeral";
            foreach (var entry in Entries(document.RootElement, ephemeral).Take(MaxEntries))
            {
                fingerprint.AppendData(JsonMarshal.GetRawUtf8Value(entry));
                entries.AddRange(OrNothing(() => [.. Reads(entry)]));
            }

            return new MatrixTransaction(entries, Convert.ToHexStringLower(fingerprint.GetHashAndReset()));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a name of the transaction's own with an unpaired surrogate.
            return null;
        }
    }

    /// <summary>Writes a delivery.</summary>
    public MatrixOutbound TranslateOut(Delivery delivery)
    {
        if (delivery.Origin is not null)
        {
            return TellOrdinaryClient(delivery);
        }

        // What a user's own account gets of its other devices has no ghost: nobody of another network speaks.
        var ghost = identifiers.Service;
        if (delivery.Envelope.Sender is { } sender && sender != delivery.Recipient && !identifiers.TryGhost(sender, out ghost))
        {
            return new MatrixOutbound.Impossible("MTX-006", "The sender's name cannot be written as a Matrix id.");
        }

        if (!identifiers.TryId(delivery.Recipient, out var user))
        {
            return new MatrixOutbound.Impossible("MTX-006", "The recipient's name cannot be written as a Matrix id.");
        }

        var frame = FrameCodec.Encode(new EndpointFrame.Delivery(delivery.Envelope));
        if (frame.Length > EndpointFrame.MaxBytes)
        {
            return new MatrixOutbound.Impossible("MTX-007", "The event is larger than an endpoint takes.");
        }

        if (frame.Length <= MatrixFeatures.MaxFrameBytes(options))
        {
            return new MatrixOutbound.Events(ghost, user, [Carrier(FrameKey, Convert.ToBase64String(frame))]);
        }

        // The chunk id is the event's, so that a repeated delivery completes what an interrupted one began.
        FrameId.TryRead(delivery.Envelope.Id.ToBytes().AsSpan(0, FrameId.Size), out var chunkId);
        var chunks = FrameChunks.Split(frame, chunkId, options.MaxFrameCharacters);
        return chunks is null || chunks.Count > options.MaxChunks
            ? new MatrixOutbound.Impossible("MTX-007", "The event is larger than this network carries.")
            : new MatrixOutbound.Events(ghost, user, [.. chunks.Select(c => Carrier(ChunkKey, c))]);
    }

    /// <summary>The event of a frame that was put together from chunks.</summary>
    public InboundEvent Assembled(byte[] frame, FrameId chunkId, UserUri sender, EventAddress address) => FromFrame(frame, ["chunk", sender.Value, chunkId.Hex], sender, address);

    /// <summary>The event of something that cannot be read.</summary>
    public static InboundEvent Unreadable(string ruleId, string reason, UserUri sender, EventAddress address) =>
        new([address.EventId], sender, PlainLabels, new Unreadable(ruleId, reason), null, null, address.ToReference());

    /// <summary>
    /// The event of an ordinary client's message, once the room's ghost is known. Its content was dropped when it was read and goes no further; the hub refuses what
    /// nothing end-to-end covers.
    /// </summary>
    public InboundEvent Plain(UserUri sender, EventAddress address)
    {
        if (address.Ghost == identifiers.Service)
        {
            return Unreadable("MTX-011", "This user takes an endpoint's requests only", sender, address);
        }

        return identifiers.TryGhostUser(address.Ghost, out var recipient)
            ? new InboundEvent([address.EventId], sender, PlainLabels, new EncryptedMessage(null, recipient, ReadOnlyMemory<byte>.Empty), null, null, address.ToReference())
            : Unreadable("MTX-017", "This room is no conversation with one user of another network", sender, address);
    }

    private static JsonObject Carrier(string key, string text) => new() { ["msgtype"] = "m.notice", ["body"] = Fallback, [key] = text };

    private MatrixOutbound TellOrdinaryClient(Delivery delivery)
    {
        if (!EventAddress.TryRead(delivery.Origin!, out var origin))
        {
            return new MatrixOutbound.Impossible("MTX-006", "The message that this is about cannot be named any more.");
        }

        var text = delivery.Envelope.Event switch
        {
            Refusal refusal => $"{refusal.Reason} ({refusal.RuleId})",
            DeliveryReport report => $"{report.Reason} ({report.RuleId})",
            _ => null,
        };
        return text is null
            ? new MatrixOutbound.Impossible("MTX-006", "Only a refusal or a report is about an ordinary client's message.")
            : new MatrixOutbound.Notice(origin.Room, origin.Ghost ?? identifiers.Service, new JsonObject
            {
                ["msgtype"] = "m.notice",
                ["body"] = "Your message was not delivered. " + text,
                ["m.relates_to"] = new JsonObject { ["m.in_reply_to"] = new JsonObject { ["event_id"] = origin.EventId } },
            });
    }

    private static IEnumerable<JsonElement> Entries(JsonElement root, string key) =>
        root.TryGetProperty(key, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : Enumerable.Empty<JsonElement>();

    /// <summary>The homeserver alone gives event ids, and an event's content does not change under its id. In quotes, so that two do not run into one.</summary>
    private static ReadOnlySpan<byte> Identity(JsonElement entry)
    {
        try
        {
            return JsonMarshal.GetRawUtf8Value(Id(entry, "event_id", '$') is null ? entry : entry.GetProperty("event_id"));
        }
        catch (InvalidOperationException)
        {
            return JsonMarshal.GetRawUtf8Value(entry);
        }
    }

    /// <summary>Its sender, or who may, took it back before it came: there is nothing left to carry, and nobody to answer.</summary>
    private static bool IsTakenBack(JsonElement entry) =>
        entry.TryGetProperty("unsigned", out var added) && added.ValueKind == JsonValueKind.Object
        && ((added.TryGetProperty("redacted_because", out var because) && because.ValueKind == JsonValueKind.Object) || Text(added, "redacted_by") is not null);

    private static List<MatrixInbound> OrNothing(Func<List<MatrixInbound>> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            // A text with an unpaired surrogate, which no string can hold.
            return [];
        }
    }

    private static string? Text(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Id(JsonElement element, string key, char sigil) =>
        Text(element, key) is { } id && IsId(id, sigil) ? id : null;

    private static bool IsId(string id, char sigil) => id.Length is > 1 and <= MatrixIdentifiers.MaxIdBytes && id[0] == sigil && !id.Any(char.IsControl);

    private static IEnumerable<MatrixInbound> ReadsOf(JsonElement users, string room, string eventId, MatrixIdentifiers identifiers)
    {
        if (users.ValueKind == JsonValueKind.Object)
        {
            foreach (var user in users.EnumerateObject())
            {
                if (identifiers.TryUser(user.Name, out var by))
                {
                    yield return new MatrixInbound.Read(room, eventId, by);
                }
            }
        }
    }

    private MatrixInbound Entry(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || Id(entry, "room_id", '!') is not { } room || Id(entry, "event_id", '$') is not { } eventId || Text(entry, "sender") is not { } senderId
            || !entry.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Object)
        {
            return new MatrixInbound.Ignored();
        }

        var type = Text(entry, "type");
        if (type == "m.room.member")
        {
            return Member(entry, room, senderId, Text(content, "membership"));
        }

        if (entry.TryGetProperty("state_key", out _))
        {
            return Deciding.Contains(type) ? new MatrixInbound.Changed(room) : new MatrixInbound.Ignored();
        }

        if (!identifiers.TryUser(senderId, out var sender) || IsTakenBack(entry))
        {
            return new MatrixInbound.Ignored();
        }

        var address = new EventAddress(room, eventId);
        return type switch
        {
            "m.room.message" => Message(content, sender, address),
            "m.sticker" => new MatrixInbound.Uncovered(sender, address),
            "m.room.encrypted" => new MatrixInbound.Submit(room, Unreadable("MTX-012", "Matrix's own encryption is not carried to other networks; use an Interconnect endpoint", sender, address)),
            _ => new MatrixInbound.Ignored(),
        };
    }

    private MatrixInbound Member(JsonElement entry, string room, string senderId, string? membership)
    {
        if (Text(entry, "state_key") is not { } member)
        {
            return new MatrixInbound.Ignored();
        }

        return membership switch
        {
            "invite" when identifiers.IsOurs(member) && !identifiers.IsOurs(senderId) => new MatrixInbound.Invited(
                room, member, senderId, identifiers.TryUser(senderId, out _) && (member == identifiers.Service || identifiers.TryGhostUser(member, out _))),
            "leave" or "ban" => new MatrixInbound.Left(room, member),
            "invite" or "join" => new MatrixInbound.Entered(room, member, membership == "join"),
            _ => new MatrixInbound.Ignored(),
        };
    }

    private MatrixInbound Message(JsonElement content, UserUri sender, EventAddress address)
    {
        var (hasFrame, hasChunk) = (content.TryGetProperty(FrameKey, out _), content.TryGetProperty(ChunkKey, out _));
        if (!hasFrame && !hasChunk)
        {
            // A notice is a program's, and programs do not answer notices; anything else is a person's message.
            return Text(content, "msgtype") == "m.notice" ? new MatrixInbound.Ignored() : new MatrixInbound.Uncovered(sender, address);
        }

        if (hasFrame && hasChunk)
        {
            return new MatrixInbound.Submit(address.Room, Unreadable("MTX-014", "An event holds a frame or a chunk, not both", sender, address));
        }

        if (hasFrame)
        {
            return new MatrixInbound.Submit(address.Room, ReadFrame(Text(content, FrameKey) ?? "", sender, address));
        }

        return FrameChunks.TryParse(Text(content, ChunkKey) ?? "", out var chunk, out var error)
            ? new MatrixInbound.Part(chunk, sender, address)
            : new MatrixInbound.Submit(address.Room, Unreadable(error.RuleId, error.Reason, sender, address));
    }

    private InboundEvent ReadFrame(string text, UserUri sender, EventAddress address)
    {
        var bytes = new byte[text.Length / 4 * 3];
        return text.Length > 0 && text.Length % 4 == 0 && !text.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes, 0, length) == text
            ? FromFrame(bytes[..length], [address.EventId], sender, address)
            : Unreadable("MTX-013", "The frame is not base64", sender, address);
    }

    private static InboundEvent FromFrame(byte[] frame, IReadOnlyList<string> key, UserUri sender, EventAddress address)
    {
        if (!FrameCodec.TryDecode(frame, out var decoded, out var error))
        {
            return Unreadable(error.RuleId, error.Reason, sender, address);
        }

        return decoded is EndpointFrame.Request request
            ? new InboundEvent(key, sender, FrameLabels, request.Event, request.EncodedEvent, request.Proof, null)
            : Unreadable("FED-007", "An endpoint sends requests only", sender, address);
    }

    private IEnumerable<MatrixInbound> Reads(JsonElement entry)
    {
        if (!options.DeliveredMeansRead || Text(entry, "type") != "m.receipt" || Id(entry, "room_id", '!') is not { } room
            || !entry.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        return content.EnumerateObject()
            .Where(e => IsId(e.Name, '$') && e.Value.ValueKind == JsonValueKind.Object)
            .SelectMany(e => new[] { "m.read", "m.read.private" }
                .Where(kind => e.Value.TryGetProperty(kind, out _))
                .SelectMany(kind => ReadsOf(e.Value.GetProperty(kind), room, e.Name, identifiers)));
    }
}

using System.Globalization;
using System.Text.Json;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>What a room's state says of it as the room of a pair.</summary>
/// <param name="RuleId">The rule that it breaks; null when the ghost may write to the user there.</param>
/// <param name="Joined">Whether the user is in it already; false while it is invited.</param>
internal sealed record RoomVerdict(string? RuleId, bool Joined);

/// <summary>
/// Judges a room by its own state events, each of which the homeserver has let only an entitled sender write. Rules: MTX-020 made by neither of the two, MTX-021 somebody else is or was in it, or may
/// come uninvited by the two, MTX-022 open or readable to others, MTX-023 the ghost may not speak, MTX-024 ended, or no conversation, MTX-025 the user is not there. Who invited the ghost is no
/// state any more once it has joined; but only a member can invite, and in a room that passes there was never another than the user. Pure.
/// </summary>
internal static class PairRoom
{
    // Up to this version the creator's power stands in the power levels; afterwards it is above all (room versions, specification 1.16).
    private const int LastVersionWithoutCreatorPower = 11;

    /// <summary>The verdict over what <c>GET /rooms/{id}/state</c> answered.</summary>
    public static RoomVerdict Judge(JsonElement state, string user, string ghost)
    {
        try
        {
            var events = state.ValueKind == JsonValueKind.Array ? state.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).ToList() : [];
            var membership = Text(Content(Find(events, "m.room.member", user)), "membership");
            return new RoomVerdict(Broken(events, user, ghost, membership), membership == "join");
        }
        catch (InvalidOperationException)
        {
            // A text with an unpaired surrogate, which no string can hold.
            return new RoomVerdict("MTX-024", false);
        }
    }

    private static string? Broken(List<JsonElement> events, string user, string ghost, string? membership)
    {
        var create = Find(events, "m.room.create", "");
        return !IsMadeByPair(create, user, ghost) ? "MTX-020"
            : events.Any(e => IsOfAnother(e, user, ghost)) ? "MTX-021"
            : IsOpen(events) ? "MTX-022"
            : !MaySpeak(events, create, ghost) ? "MTX-023"
            : Find(events, "m.room.tombstone", "") is not null || Member(Content(create), "type") is not null ? "MTX-024"
            : membership is not ("join" or "invite") ? "MTX-025"
            : null;
    }

    /// <summary>The sender of the first event is the creator; older rooms say it in the content too, newer ones may name more than one.</summary>
    private static bool IsMadeByPair(JsonElement? create, string user, string ghost)
    {
        bool IsOne(string? id) => id == user || id == ghost;
        if (create is not { } made || !IsOne(Text(made, "sender")) || Content(made) is not { } content)
        {
            return false;
        }

        var saysOther = content.TryGetProperty("creator", out var creator) && (creator.ValueKind != JsonValueKind.String || creator.GetString() != Text(made, "sender"));
        var hasOthers = content.TryGetProperty("additional_creators", out var more)
            && (more.ValueKind != JsonValueKind.Array || more.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String || !IsOne(e.GetString())));
        return !saysOther && !hasOthers;
    }

    /// <summary>Who left is in the state for ever. An invitation to an e-mail address lets whoever owns it in.</summary>
    private static bool IsOfAnother(JsonElement entry, string user, string ghost) => Text(entry, "type") switch
    {
        "m.room.member" => Text(entry, "state_key") is var member && member != user && member != ghost,
        "m.room.third_party_invite" => Content(entry) is { } content && content.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Guests enter a room like this by invitation only, so whether they may is no question of its own.</summary>
    private static bool IsOpen(List<JsonElement> events) =>
        Text(Content(Find(events, "m.room.join_rules", "")), "join_rule") != "invite"
        || (Find(events, "m.room.history_visibility", "") is { } visibility && Text(Content(visibility), "history_visibility") is not ("joined" or "invited" or "shared"));

    private static bool MaySpeak(List<JsonElement> events, JsonElement? create, string ghost)
    {
        if (Text(Content(Find(events, "m.room.member", ghost)), "membership") != "join")
        {
            return false;
        }

        var isCreator = Text(create, "sender") == ghost || (Content(create) is { } made && made.TryGetProperty("additional_creators", out var more) && more.EnumerateArray().Any(e => e.GetString() == ghost));
        var isNew = !int.TryParse(Text(Content(create), "room_version") ?? "1", NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version > LastVersionWithoutCreatorPower;
        if (isCreator && isNew)
        {
            return true;
        }

        if (Find(events, "m.room.power_levels", "") is not { } found)
        {
            return true;
        }

        var levels = Content(found);
        var own = Level(Member(levels, "users"), ghost, Level(levels, "users_default", 0));
        var needed = Level(Member(levels, "events"), "m.room.message", Level(levels, "events_default", 0));
        return own >= needed;
    }

    /// <summary>Levels of old rooms may be texts. What is no number is as good as above all.</summary>
    private static long? Level(JsonElement? levels, string key, long? otherwise) =>
        Member(levels, key) is not { } level ? otherwise
        : level.ValueKind == JsonValueKind.Number && level.TryGetInt64(out var number) ? number
        : level.ValueKind == JsonValueKind.String && long.TryParse(level.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var text) ? text
        : null;

    private static JsonElement? Find(List<JsonElement> events, string type, string key)
    {
        foreach (var entry in events)
        {
            if (Text(entry, "type") == type && Text(entry, "state_key") == key)
            {
                return entry;
            }
        }

        return null;
    }

    private static JsonElement? Content(JsonElement? entry) => Member(entry, "content") is { ValueKind: JsonValueKind.Object } content ? content : null;

    private static JsonElement? Member(JsonElement? element, string key) =>
        element is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(key, out var value) ? value : null;

    private static string? Text(JsonElement? element, string key) => Member(element, key) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}

using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>The events a new room begins with, in the order of the client-server API ("createRoom").</summary>
internal static class NewRoomEvents
{
    public static IEnumerable<(string Type, string StateKey, JsonObject Content)> All(JsonObject request, MatrixAccount creator, IReadOnlyList<string> invited)
    {
        var preset = request["preset"].Text() ?? (request["visibility"].Text() == "public" ? "public_chat" : "private_chat");
        var created = (request["creation_content"] as JsonObject)?.DeepClone() as JsonObject ?? [];
        created["room_version"] = "11";
        yield return ("m.room.create", string.Empty, created);
        yield return ("m.room.member", creator.UserId, Membership("join", creator));
        yield return ("m.room.power_levels", string.Empty, PowerLevels(request, creator.UserId, preset, invited));
        yield return ("m.room.join_rules", string.Empty, new JsonObject { ["join_rule"] = preset == "public_chat" ? "public" : "invite" });
        yield return ("m.room.history_visibility", string.Empty, new JsonObject { ["history_visibility"] = "shared" });
        foreach (var state in (request["initial_state"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (state["type"].Text() is { } type && type is not ("m.room.create" or "m.room.member") && state["content"] is JsonObject content)
            {
                yield return (type, state["state_key"].Text() ?? string.Empty, content);
            }
        }

        if (request["name"].Text() is { Length: > 0 } name)
        {
            yield return ("m.room.name", string.Empty, new JsonObject { ["name"] = name });
        }

        if (request["topic"].Text() is { Length: > 0 } topic)
        {
            yield return ("m.room.topic", string.Empty, new JsonObject { ["topic"] = topic });
        }
    }

    public static JsonObject Membership(string membership, MatrixAccount account)
    {
        var content = new JsonObject { ["membership"] = membership };
        if (account.DisplayName is not null)
        {
            content["displayname"] = account.DisplayName;
        }

        if (account.AvatarUrl is not null)
        {
            content["avatar_url"] = account.AvatarUrl;
        }

        return content;
    }

    private static JsonObject PowerLevels(JsonObject request, string creator, string preset, IReadOnlyList<string> invited)
    {
        var users = new JsonObject { [creator] = 100 };
        if (preset == "trusted_private_chat")
        {
            foreach (var user in invited)
            {
                users[user] = 100;
            }
        }

        var levels = new JsonObject
        {
            ["users"] = users,
            ["users_default"] = 0,
            ["events"] = new JsonObject(),
            ["events_default"] = 0,
            ["state_default"] = 50,
            ["ban"] = 50,
            ["kick"] = 50,
            ["redact"] = 50,
            ["invite"] = preset == "public_chat" ? 50 : 0,
        };
        foreach (var (key, value) in request["power_level_content_override"] as JsonObject ?? [])
        {
            levels[key] = value?.DeepClone();
        }

        return levels;
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>GET /sync: what happened to a user since a position, waiting for something to happen if asked to.</summary>
internal sealed class SyncEndpoint(MatrixStore store, TimeProvider clock)
{
    public IEnumerable<MatrixRoute> Routes()
    {
        yield return new MatrixRoute("GET", "/_matrix/client/v3/sync", true, SyncAsync);
    }

    public static bool TryToken(string text, out long position)
    {
        position = 0;
        return text.StartsWith('s') && long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    private async ValueTask<MatrixAnswer> SyncAsync(MatrixRequest request)
    {
        long? since = null;
        if (request.Query["since"].ToString() is { Length: > 0 } token)
        {
            if (!TryToken(token, out var at) || at > store.Position)
            {
                return MatrixAnswer.Fail(400, "M_INVALID_PARAM", "Invalid stream token");
            }

            since = at;
        }

        if (FilterOf(request) is not { } filter)
        {
            return MatrixAnswer.Fail(400, "M_INVALID_PARAM", "No such filter");
        }

        var wait = since is null ? 0 : Math.Min(long.TryParse(request.Query["timeout"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : 0, (long)store.Options.MaxSyncWait.TotalMilliseconds);
        var deadline = clock.GetUtcNow().AddMilliseconds(wait);
        while (true)
        {
            var changed = store.Changed;
            var (body, any) = Build(request.Caller, since, filter);
            var left = deadline - clock.GetUtcNow();
            if (any || left <= TimeSpan.Zero)
            {
                return MatrixAnswer.Ok(body);
            }

            try
            {
                await changed.WaitAsync(left, clock, request.Cancellation);
            }
            catch (TimeoutException)
            {
                // Nothing happened; the next round answers with the empty body.
            }
        }
    }

    private SyncFilter? FilterOf(MatrixRequest request)
    {
        var text = request.Query["filter"].ToString();
        if (text.Length == 0)
        {
            return new SyncFilter(null);
        }

        if (text[0] == '{')
        {
            return MatrixJson.TryRead(Encoding.UTF8.GetBytes(text), out var inline) is null ? new SyncFilter(inline) : null;
        }

        lock (store.Gate)
        {
            var filters = request.Caller.Account.Filters;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < filters.Count ? new SyncFilter(filters[index]) : null;
        }
    }

    private (JsonObject Body, bool Any) Build(MatrixCaller caller, long? since, SyncFilter filter)
    {
        lock (store.Gate)
        {
            var (join, invite, leave) = (new JsonObject(), new JsonObject(), new JsonObject());
            foreach (var room in store.Rooms.Values.Where(r => filter.Takes(r.Id)))
            {
                if (!room.State.TryGetValue(("m.room.member", caller.UserId), out var own))
                {
                    continue;
                }

                if (own.Membership == "join" && Joined(caller, room, since, filter) is { } joined)
                {
                    join[room.Id] = joined;
                }
                else if (own.Membership == "invite" && own.Position > (since ?? 0))
                {
                    invite[room.Id] = new JsonObject { ["invite_state"] = new JsonObject { ["events"] = new JsonArray([.. Preview(room, own)]) } };
                }
                else if (own.Membership is "leave" or "ban" && since is not null && own.Position > since)
                {
                    var seen = room.Timeline.Where(e => e.Position > since && e.Position <= own.Position && (e == own || WasJoined(room, caller.UserId, e.Position))).ToList();
                    leave[room.Id] = new JsonObject { ["state"] = Events([]), ["timeline"] = Timeline(seen, caller, false, seen.Count == 0 ? own.Position : seen[0].Position) };
                }
            }

            var data = caller.Account.AccountData.Where(d => d.Value.Position > (since ?? 0)).Select(d => (JsonNode)new JsonObject { ["type"] = d.Key, ["content"] = d.Value.Content.DeepClone() }).ToList();
            var any = join.Count + invite.Count + leave.Count + data.Count > 0;
            return (new JsonObject
            {
                ["next_batch"] = $"s{store.Position}",
                ["rooms"] = new JsonObject { ["join"] = join, ["invite"] = invite, ["leave"] = leave },
                ["account_data"] = new JsonObject { ["events"] = new JsonArray([.. data]) },
                ["presence"] = Events([]),
                ["to_device"] = Events([]),
                ["device_lists"] = new JsonObject { ["changed"] = new JsonArray(), ["left"] = new JsonArray() },
                ["device_one_time_keys_count"] = new JsonObject(),
            }, any);
        }
    }

    private JsonObject? Joined(MatrixCaller caller, MatrixRoom room, long? since, SyncFilter filter)
    {
        var isNew = since is null || !WasJoined(room, caller.UserId, since.Value + 1);
        var from = isNew ? 0 : since!.Value;
        var fresh = room.Timeline.Where(e => e.Position > from && filter.Takes(e)).ToList();
        var stateChanged = room.Timeline.Any(e => e.Position > from && e.StateKey is not null);
        if (!isNew && fresh.Count == 0 && !stateChanged)
        {
            return null;
        }

        var shown = fresh.TakeLast(filter.Limit).ToList();
        var start = shown.Count > 0 ? shown[0].Position : store.Position + 1;
        var state = room.StateBefore(start).Values.Where(e => e.Position > from);
        return new JsonObject
        {
            ["summary"] = new JsonObject { ["m.joined_member_count"] = room.Joined.Count(), ["m.invited_member_count"] = room.State.Values.Count(e => e.Membership == "invite") },
            ["state"] = Events(state.Select(e => e.ToJson(store.Now, false, caller.Session))),
            ["timeline"] = Timeline(shown, caller, shown.Count < fresh.Count, start),
            ["ephemeral"] = Events([]),
            ["account_data"] = Events([]),
            ["unread_notifications"] = new JsonObject { ["highlight_count"] = 0, ["notification_count"] = 0 },
        };
    }

    private static bool WasJoined(MatrixRoom room, string user, long before) => room.Timeline.LastOrDefault(e => e.Position < before && e.Type == "m.room.member" && e.StateKey == user)?.Membership == "join";

    private static IEnumerable<JsonNode> Preview(MatrixRoom room, MatrixEvent own)
    {
        string[] shown = ["m.room.create", "m.room.join_rules", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.encryption"];
        return room.State.Values.Where(e => shown.Contains(e.Type) || (e.Type == "m.room.member" && e.StateKey == own.Sender)).Append(own).Select(e => e.ToStripped());
    }

    private JsonObject Timeline(IEnumerable<MatrixEvent> events, MatrixCaller caller, bool limited, long start) => new()
    {
        ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e.ToJson(store.Now, false, caller.Session))]),
        ["limited"] = limited,
        ["prev_batch"] = $"s{Math.Max(0, start - 1)}",
    };

    private static JsonObject Events(IEnumerable<JsonObject> events) => new() { ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e)]) };
}

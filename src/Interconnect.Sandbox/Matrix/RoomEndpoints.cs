using System.Globalization;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>Rooms: creating, membership, sending, reading.</summary>
internal sealed class RoomEndpoints(MatrixStore store)
{
    private const int MaxEventBytes = 65_536;

    public IEnumerable<MatrixRoute> Routes()
    {
        const string room = "/_matrix/client/v3/rooms/{}";
        yield return Route("POST", "/_matrix/client/v3/createRoom", Create);
        yield return Route("GET", "/_matrix/client/v3/joined_rooms", JoinedRooms);
        yield return Route("POST", "/_matrix/client/v3/join/{}", Join);
        yield return Route("POST", room + "/join", Join);
        yield return Route("POST", room + "/leave", Leave);
        yield return Route("POST", room + "/invite", Invite);
        yield return Route("PUT", room + "/send/{}/{}", Send);
        yield return Route("PUT", room + "/state/{}", r => SetState(r, string.Empty));
        yield return Route("PUT", room + "/state/{}/{}", r => SetState(r, r.Parameters[2]));
        yield return Route("GET", room + "/state", r => Read(r, found => MatrixAnswer.Ok(new JsonArray([.. found.State.Values.Select(e => (JsonNode)e.ToJson(store.Now, true))]))));
        yield return Route("GET", room + "/state/{}", r => GetState(r, string.Empty));
        yield return Route("GET", room + "/state/{}/{}", r => GetState(r, r.Parameters[2]));
        yield return Route("GET", room + "/members", Members);
        yield return Route("GET", room + "/joined_members", JoinedMembers);
        yield return Route("GET", room + "/messages", Messages);
        yield return Route("GET", room + "/event/{}", GetEvent);
    }

    private static MatrixRoute Route(string method, string pattern, Func<MatrixRequest, MatrixAnswer> handle) => new(method, pattern, true, r => ValueTask.FromResult(handle(r)));

    private MatrixAnswer Create(MatrixRequest request)
    {
        var invited = request.Body["invite"].Texts().Distinct().ToList();
        if (request.Body["room_alias_name"] is not null || request.Body["invite_3pid"] is JsonArray { Count: > 0 })
        {
            return MatrixAnswer.Fail(400, "M_UNRECOGNIZED", "The simulated homeserver has no aliases and no third-party invites");
        }

        if (invited.Count > 100 || invited.Any(u => !store.IsLocal(u)))
        {
            return MatrixAnswer.Forbidden("Federation denied: only local users can be invited");
        }

        lock (store.Gate)
        {
            if (store.Rooms.Count >= store.Options.MaxRooms)
            {
                return MatrixAnswer.Full();
            }

            var creator = request.Caller.UserId;
            var room = new MatrixRoom($"!{MatrixStore.RandomId(13)}:{store.Options.ServerName}", creator);
            store.Rooms.Add(room.Id, room);
            return NewRoomEvents.All(request.Body, request.Caller.Account, invited).All(e => store.Append(room, creator, e.Type, e.StateKey, e.Content) is not null)
                && invited.All(u => AppendInvite(room, creator, u, request.Body["is_direct"].Flag() == true))
                ? MatrixAnswer.Ok(new JsonObject { ["room_id"] = room.Id })
                : MatrixAnswer.Full();
        }
    }

    private MatrixAnswer JoinedRooms(MatrixRequest request)
    {
        lock (store.Gate)
        {
            return MatrixAnswer.Ok(new JsonObject { ["joined_rooms"] = new JsonArray([.. store.Rooms.Values.Where(r => r.MembershipOf(request.Caller.UserId) == "join").Select(r => (JsonNode)r.Id)]) });
        }
    }

    private MatrixAnswer Join(MatrixRequest request)
    {
        lock (store.Gate)
        {
            if (!store.Rooms.TryGetValue(request.Parameters[0], out var room))
            {
                return MatrixAnswer.NotFound("No such room");
            }

            var user = request.Caller.UserId;
            var membership = room.MembershipOf(user);
            if (membership == "join")
            {
                return MatrixAnswer.Ok(new JsonObject { ["room_id"] = room.Id });
            }

            if (membership == "ban" || (membership != "invite" && !room.IsPublic))
            {
                return MatrixAnswer.Forbidden(membership == "ban" ? "You are banned from this room." : "You are not invited to this room.");
            }

            return store.Append(room, user, "m.room.member", user, NewRoomEvents.Membership("join", request.Caller.Account)) is null ? MatrixAnswer.Full() : MatrixAnswer.Ok(new JsonObject { ["room_id"] = room.Id });
        }
    }

    private MatrixAnswer Leave(MatrixRequest request)
    {
        lock (store.Gate)
        {
            var user = request.Caller.UserId;
            if (!store.Rooms.TryGetValue(request.Parameters[0], out var room) || room.MembershipOf(user) is not ("join" or "invite" or "leave"))
            {
                return MatrixAnswer.Forbidden($"User {user} not in room {request.Parameters[0]}");
            }

            return room.MembershipOf(user) == "leave" || store.Append(room, user, "m.room.member", user, new JsonObject { ["membership"] = "leave" }) is not null ? MatrixAnswer.Ok() : MatrixAnswer.Full();
        }
    }

    private MatrixAnswer Invite(MatrixRequest request)
    {
        if (request.Body["user_id"].Text() is not { } target)
        {
            return MatrixAnswer.Fail(400, "M_MISSING_PARAM", "Missing user_id");
        }

        if (!store.IsLocal(target))
        {
            return MatrixAnswer.Forbidden("Federation denied: only local users can be invited");
        }

        lock (store.Gate)
        {
            if (!store.Rooms.TryGetValue(request.Parameters[0], out var room))
            {
                return MatrixAnswer.Forbidden("Unknown room");
            }

            if (room.WhyNotInvite(request.Caller.UserId, target) is { } why)
            {
                return MatrixAnswer.Forbidden(why);
            }

            return room.MembershipOf(target) == "invite" || AppendInvite(room, request.Caller.UserId, target, false) ? MatrixAnswer.Ok() : MatrixAnswer.Full();
        }
    }

    private bool AppendInvite(MatrixRoom room, string sender, string target, bool isDirect)
    {
        var content = new JsonObject { ["membership"] = "invite" };
        if (isDirect)
        {
            content["is_direct"] = true;
        }

        return store.Append(room, sender, "m.room.member", target, content) is not null;
    }

    private MatrixAnswer Send(MatrixRequest request)
    {
        lock (store.Gate)
        {
            var path = request.Path;
            if (store.FindTransaction(request.Caller.Session, path) is { } earlier)
            {
                return MatrixAnswer.Ok(new JsonObject { ["event_id"] = earlier });
            }

            var type = request.Parameters[1];
            if (WhyNotSend(request, type, false) is { } refusal)
            {
                return refusal;
            }

            var e = store.Append(store.Rooms[request.Parameters[0]], request.Caller.UserId, type, null, request.Body, (request.Caller.Session, request.Parameters[2]));
            if (e is null)
            {
                return MatrixAnswer.Full();
            }

            store.RememberTransaction(request.Caller.Session, path, e.EventId);
            return MatrixAnswer.Ok(new JsonObject { ["event_id"] = e.EventId });
        }
    }

    private MatrixAnswer SetState(MatrixRequest request, string key)
    {
        lock (store.Gate)
        {
            var type = request.Parameters[1];
            if (type == "m.room.member")
            {
                return MatrixAnswer.Fail(400, "M_UNRECOGNIZED", "The simulated homeserver changes membership by invite, join and leave only");
            }

            if (WhyNotSend(request, type, true) is { } refusal)
            {
                return refusal;
            }

            return store.Append(store.Rooms[request.Parameters[0]], request.Caller.UserId, type, key, request.Body) is { } e ? MatrixAnswer.Ok(new JsonObject { ["event_id"] = e.EventId }) : MatrixAnswer.Full();
        }
    }

    private MatrixAnswer? WhyNotSend(MatrixRequest request, string type, bool isState)
    {
        if (type.Length is 0 or > 255)
        {
            return MatrixAnswer.Fail(400, "M_INVALID_PARAM", "The event type is too long");
        }

        if (!store.Rooms.TryGetValue(request.Parameters[0], out var room))
        {
            return MatrixAnswer.Forbidden("Unknown room");
        }

        var probe = new MatrixEvent(0, room.Id, "$" + new string('x', 43), request.Caller.UserId, type, isState ? string.Empty : null, request.Body, store.Now);
        return MatrixJson.Bytes(probe.ToJson(store.Now, true)).Length > MaxEventBytes
            ? MatrixAnswer.Fail(413, "M_TOO_LARGE", "event too large")
            : room.WhyNotSend(request.Caller.UserId, type, isState) is { } why ? MatrixAnswer.Forbidden(why) : null;
    }

    private MatrixAnswer Read(MatrixRequest request, Func<MatrixRoom, MatrixAnswer> read)
    {
        lock (store.Gate)
        {
            return store.Rooms.TryGetValue(request.Parameters[0], out var room) && room.MembershipOf(request.Caller.UserId) == "join"
                ? read(room)
                : MatrixAnswer.Forbidden($"User {request.Caller.UserId} not in room {request.Parameters[0]}");
        }
    }

    private MatrixAnswer GetState(MatrixRequest request, string key) =>
        Read(request, room => room.State.TryGetValue((request.Parameters[1], key), out var e) ? MatrixAnswer.Ok((JsonObject)e.Content.DeepClone()) : MatrixAnswer.NotFound("Event not found."));

    private MatrixAnswer Members(MatrixRequest request) => Read(request, room =>
    {
        var (only, not) = (request.Query["membership"].ToString(), request.Query["not_membership"].ToString());
        var members = room.State.Values.Where(e => e.Type == "m.room.member" && (only.Length == 0 || e.Membership == only) && (not.Length == 0 || e.Membership != not));
        return MatrixAnswer.Ok(new JsonObject { ["chunk"] = new JsonArray([.. members.Select(e => (JsonNode)e.ToJson(store.Now, true))]) });
    });

    private MatrixAnswer JoinedMembers(MatrixRequest request) => Read(request, room =>
    {
        var joined = new JsonObject();
        foreach (var user in room.Joined)
        {
            var content = room.State[("m.room.member", user)].Content;
            joined[user] = new JsonObject { ["display_name"] = content["displayname"]?.DeepClone(), ["avatar_url"] = content["avatar_url"]?.DeepClone() };
        }

        return MatrixAnswer.Ok(new JsonObject { ["joined"] = joined });
    });

    private MatrixAnswer Messages(MatrixRequest request) => Read(request, room =>
    {
        var backwards = request.Query["dir"] == "b";
        if (!backwards && request.Query["dir"] != "f")
        {
            return MatrixAnswer.Fail(400, "M_MISSING_PARAM", "dir is b or f");
        }

        var from = request.Query["from"].ToString();
        long at;
        if (from.Length == 0)
        {
            at = backwards ? long.MaxValue : 0;
        }
        else if (!SyncEndpoint.TryToken(from, out at))
        {
            return MatrixAnswer.Fail(400, "M_INVALID_PARAM", "Invalid from token");
        }

        var limit = Math.Clamp(int.TryParse(request.Query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : 10, 1, 1_000);
        var found = (backwards ? room.Timeline.Where(e => e.Position <= at).Reverse() : room.Timeline.Where(e => e.Position > at)).Take(limit + 1).ToList();
        var chunk = found.Take(limit).ToList();
        var body = new JsonObject { ["start"] = from.Length == 0 ? "s0" : from, ["chunk"] = new JsonArray([.. chunk.Select(e => (JsonNode)e.ToJson(store.Now, true, request.Caller.Session))]) };
        if (found.Count > limit)
        {
            body["end"] = $"s{(backwards ? chunk[^1].Position - 1 : chunk[^1].Position)}";
        }

        return MatrixAnswer.Ok(body);
    });

    private MatrixAnswer GetEvent(MatrixRequest request) =>
        Read(request, room => room.Timeline.FirstOrDefault(e => e.EventId == request.Parameters[1]) is { } e ? MatrixAnswer.Ok(e.ToJson(store.Now, true, request.Caller.Session)) : MatrixAnswer.NotFound("Event not found."));
}

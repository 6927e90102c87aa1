using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>A room: its events and current state, and who may do what in it (the parts of room version 11's authorisation rules that are offered). Guarded by the store's lock.</summary>
internal sealed class MatrixRoom(string id, string creator)
{
    public string Id { get; } = id;

    public string Creator { get; } = creator;

    public List<MatrixEvent> Timeline { get; } = [];

    public Dictionary<(string Type, string Key), MatrixEvent> State { get; } = [];

    public string? MembershipOf(string user) => State.GetValueOrDefault(("m.room.member", user))?.Membership;

    public IEnumerable<string> Joined => State.Values.Where(e => e.Membership == "join").Select(e => e.StateKey!);

    public bool IsPublic => State.GetValueOrDefault(("m.room.join_rules", string.Empty))?.Content["join_rule"].Text() == "public";

    /// <summary>Why <paramref name="sender"/> may not send this, or null.</summary>
    public string? WhyNotSend(string sender, string type, bool isState)
    {
        if (MembershipOf(sender) != "join")
        {
            return $"User {sender} not in room {Id}";
        }

        var levels = State.GetValueOrDefault(("m.room.power_levels", string.Empty))?.Content;
        var needed = (levels?["events"] as JsonObject)?[type].Number() ?? (isState ? levels?["state_default"].Number() ?? 50 : levels?["events_default"].Number() ?? 0);
        return PowerOf(sender) >= needed ? null : "You don't have permission to post that to the room.";
    }

    public string? WhyNotInvite(string sender, string target)
    {
        if (MembershipOf(sender) != "join")
        {
            return $"{sender} not in room {Id}.";
        }

        if (MembershipOf(target) is "join" or "ban")
        {
            return $"{target} is already in the room.";
        }

        var needed = State.GetValueOrDefault(("m.room.power_levels", string.Empty))?.Content["invite"].Number() ?? 0;
        return PowerOf(sender) >= needed ? null : "You don't have permission to invite users.";
    }

    /// <summary>The state just before a position.</summary>
    public Dictionary<(string Type, string Key), MatrixEvent> StateBefore(long position)
    {
        var state = new Dictionary<(string, string), MatrixEvent>();
        foreach (var e in Timeline.TakeWhile(e => e.Position < position).Where(e => e.StateKey is not null))
        {
            state[(e.Type, e.StateKey!)] = e;
        }

        return state;
    }

    private long PowerOf(string user)
    {
        var levels = State.GetValueOrDefault(("m.room.power_levels", string.Empty))?.Content;
        return levels is null ? (user == Creator ? 100 : 0) : (levels["users"] as JsonObject)?[user].Number() ?? levels["users_default"].Number() ?? 0;
    }
}

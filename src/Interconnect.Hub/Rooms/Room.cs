using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A room as the hub sees its group: epoch, who is in it, and the GroupInfo. Immutable.</summary>
/// <param name="Uri">The room.</param>
/// <param name="Epoch">The group's current epoch.</param>
/// <param name="Suite">The group's cipher suite.</param>
/// <param name="Members">The clients in the order of leaves.</param>
/// <param name="GroupInfo">MLSMessage with the GroupInfo of <paramref name="Epoch"/>.</param>
/// <param name="CreatedAt">When the room was made.</param>
/// <param name="ChangedAt">When the last commit was accepted.</param>
/// <param name="Creator">Who made it and has it counted; null in rows older than that.</param>
internal sealed record Room(RoomUri Uri, ulong Epoch, ushort Suite, IReadOnlyList<ClientUri> Members, byte[] GroupInfo, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, UserUri? Creator)
{
    private const int BytesAMember = 300;
    private UserUri[]? participants;

    /// <summary>The users behind the members, each once.</summary>
    public IReadOnlyList<UserUri> Participants => participants ??= [.. Members.Select(m => m.Owner).Distinct()];

    /// <summary>Whether the user of this client has another one in the group.</summary>
    public bool HasAnother(ClientUri client) => Members.Any(m => m != client && m.Owner == client.Owner);

    /// <summary>About what it takes in memory.</summary>
    public long MemoryBytes => GroupInfo.Length + ((long)BytesAMember * Members.Count);
}

/// <summary>Table <c>hub_rooms</c>.</summary>
internal static class RoomStore
{
    public static readonly RowStatement<RoomUri> ByUri = new(
        "SELECT r.room, r.epoch, r.suite, r.members, r.group_info, r.created_ms, r.changed_ms, r.creator FROM given JOIN hub_rooms r ON r.room = given.room",
        RowColumn<RoomUri>.Text("room", r => r.Value));

    public static readonly RowStatement<Room> Upsert = new(
        """
        INSERT INTO hub_rooms (room, epoch, suite, members, group_info, created_ms, changed_ms, creator)
        SELECT room, epoch, suite, members, group_info, created_ms, changed_ms, creator FROM given WHERE true
        ON CONFLICT (room) DO UPDATE SET epoch = excluded.epoch, members = excluded.members, group_info = excluded.group_info, changed_ms = excluded.changed_ms
        """,
        RowColumn<Room>.Text("room", r => r.Uri.Value),
        RowColumn<Room>.Number("epoch", r => (long)r.Epoch),
        RowColumn<Room>.Number("suite", r => r.Suite),
        RowColumn<Room>.Text("members", r => string.Join('\n', r.Members.Select(m => m.Value))),
        RowColumn<Room>.Bytes("group_info", r => r.GroupInfo),
        RowColumn<Room>.Number("created_ms", r => r.CreatedAt.ToUnixTimeMilliseconds()),
        RowColumn<Room>.Number("changed_ms", r => r.ChangedAt.ToUnixTimeMilliseconds()),
        RowColumn<Room>.Text("creator", r => r.Creator?.Value ?? ""));

    /// <summary>How many rooms each user has made.</summary>
    public static readonly RowStatement<UserUri> CountByCreator = new(
        "SELECT r.creator, COUNT(*) FROM given JOIN hub_rooms r ON r.creator = given.creator GROUP BY r.creator", RowColumn<UserUri>.Text("creator", u => u.Value));

    public static readonly RowStatement<RoomUri> Delete = new("DELETE FROM hub_rooms WHERE room IN (SELECT room FROM given)", RowColumn<RoomUri>.Text("room", r => r.Value));

    public static readonly RowStatement<RoomUri> DeleteMembers = new("DELETE FROM hub_room_members WHERE room IN (SELECT room FROM given)", RowColumn<RoomUri>.Text("room", r => r.Value));

    public static readonly RowStatement<(RoomUri Room, ClientUri Client)> InsertMember = new(
        "INSERT INTO hub_room_members (room, client) SELECT room, client FROM given",
        RowColumn<(RoomUri Room, ClientUri Client)>.Text("room", m => m.Room.Value),
        RowColumn<(RoomUri Room, ClientUri Client)>.Text("client", m => m.Client.Value));

    public static Room Read(DbDataReader row) => new(
        RoomUri.Parse(row.GetString(0)), (ulong)row.GetInt64(1), (ushort)row.GetInt64(2), [.. row.GetString(3).Split('\n').Select(ClientUri.Parse)],
        row.GetFieldValue<byte[]>(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)), row.GetString(7).Length == 0 ? null : UserUri.Parse(row.GetString(7)));
}

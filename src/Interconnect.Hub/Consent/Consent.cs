using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>The last word on one contact: <paramref name="Requester"/> wants to reach <paramref name="Target"/>, in one room or (null) anywhere.</summary>
internal sealed record Consent(UserUri Requester, UserUri Target, RoomUri? Room, ConsentOperation Operation, DateTimeOffset ChangedAt);

/// <summary>Everything two users said to each other about consent, both ways. Immutable.</summary>
internal sealed record PairConsents(IReadOnlyList<Consent> Entries)
{
    public static PairConsents None { get; } = new([]);

    /// <summary>Whether <paramref name="target"/> agreed to be reached by <paramref name="requester"/> in this room (null: in any).</summary>
    public bool Granted(UserUri requester, UserUri target, RoomUri? room)
    {
        var anywhere = Operation(requester, target, null);
        var here = room is null ? null : Operation(requester, target, room);

        // The narrower word counts where there is one: a room can be revoked while the rest stays granted, and the other way round.
        return (here ?? anywhere) == ConsentOperation.Grant;
    }

    /// <summary>Whether one of two users agreed to the other's request: they may talk, whoever asked.</summary>
    public bool Between(UserUri one, UserUri other, RoomUri room) => Granted(one, other, room) || Granted(other, one, room);

    public ConsentOperation? Operation(UserUri requester, UserUri target, RoomUri? room) =>
        Entries.FirstOrDefault(e => e.Requester == requester && e.Target == target && e.Room == room)?.Operation;

    public PairConsents With(Consent entry) =>
        new([.. Entries.Where(e => e.Requester != entry.Requester || e.Target != entry.Target || e.Room != entry.Room), entry]);
}

/// <summary>Table <c>hub_consents</c>.</summary>
internal static class ConsentStore
{
    public static readonly RowStatement<(UserUri First, UserUri Second)> ByPair = new(
        """
        SELECT c.requester, c.target, c.room, c.operation, c.changed_ms FROM given JOIN hub_consents c
        ON (c.requester = given.one AND c.target = given.other) OR (c.requester = given.other AND c.target = given.one)
        """,
        RowColumn<(UserUri First, UserUri Second)>.Text("one", p => p.First.Value),
        RowColumn<(UserUri First, UserUri Second)>.Text("other", p => p.Second.Value));

    /// <summary>How many requests of each requester wait for an answer.</summary>
    public static readonly RowStatement<UserUri> OpenByRequester = new(
        $"SELECT c.requester, COUNT(*) FROM given JOIN hub_consents c ON c.requester = given.requester WHERE c.operation = 1 GROUP BY c.requester",
        RowColumn<UserUri>.Text("requester", u => u.Value));

    public static readonly RowStatement<Consent> Upsert = new(
        """
        INSERT INTO hub_consents (requester, target, room, operation, changed_ms) SELECT requester, target, room, operation, changed_ms FROM given WHERE true
        ON CONFLICT (requester, target, room) DO UPDATE SET operation = excluded.operation, changed_ms = excluded.changed_ms
        """,
        RowColumn<Consent>.Text("requester", c => c.Requester.Value),
        RowColumn<Consent>.Text("target", c => c.Target.Value),
        RowColumn<Consent>.Text("room", c => c.Room?.Value ?? ""),
        RowColumn<Consent>.Number("operation", c => (long)c.Operation),
        RowColumn<Consent>.Number("changed_ms", c => c.ChangedAt.ToUnixTimeMilliseconds()));

    public static Consent Read(DbDataReader row) => new(
        UserUri.Parse(row.GetString(0)), UserUri.Parse(row.GetString(1)), row.GetString(2).Length == 0 ? null : RoomUri.Parse(row.GetString(2)),
        (ConsentOperation)row.GetInt64(3), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)));
}

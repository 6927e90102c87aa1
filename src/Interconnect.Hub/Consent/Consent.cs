using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>The requester's word. Only the requester changes it, so nothing the target says takes a withdrawal back.</summary>
internal enum Asking
{
    /// <summary>Nothing said, or a request taken back before it was granted.</summary>
    None = 0,

    /// <summary>Asked; stays when the target answers.</summary>
    Asked = 1,

    /// <summary>Taken back after it was granted: ends the contact until the requester asks again.</summary>
    Withdrawn = 2,
}

/// <summary>The target's word. Only the target changes it, but that a withdrawal ends a grant: nothing the requester says takes a revocation back.</summary>
internal enum Answer
{
    /// <summary>Nothing said.</summary>
    None = 0,

    /// <summary>Agreed.</summary>
    Granted = 1,

    /// <summary>Refused, or what was granted was taken back: ends the contact until the target grants again.</summary>
    Revoked = 2,
}

/// <summary>The two words on one contact.</summary>
internal readonly record struct ConsentWords(Asking Asking, Answer Answer)
{
    /// <summary>Whether one side holds the contact closed, whatever was said in the other direction.</summary>
    public bool Withheld => Asking == Asking.Withdrawn || Answer == Answer.Revoked;

    /// <summary>The words after one more is said; null when it grants what nobody asked for.</summary>
    /// <param name="operation">What is said.</param>
    /// <param name="effective">The words that count where it is said: these, and where these are silent the wider ones.</param>
    public ConsentWords? After(ConsentOperation operation, ConsentWords effective) => operation switch
    {
        ConsentOperation.Request => this with { Asking = Asking.Asked },
        ConsentOperation.Cancel when effective == new ConsentWords(Asking.Asked, Answer.Granted) => new(Asking.Withdrawn, Answer.None),
        ConsentOperation.Cancel when Asking == Asking.Asked => this with { Asking = Asking.None },
        ConsentOperation.Cancel => this,
        ConsentOperation.Grant when effective.Asking == Asking.Asked => this with { Answer = Answer.Granted },

        // One's own revocation is taken back; it gives no more than there was before it.
        ConsentOperation.Grant when Answer == Answer.Revoked => this with { Answer = Answer.None },
        ConsentOperation.Grant => null,
        ConsentOperation.Revoke => this with { Answer = Answer.Revoked },
        _ => throw new InvalidOperationException("The codec lets four consent operations through."),
    };
}

/// <summary>How one contact stands: <paramref name="Requester"/> wants to reach <paramref name="Target"/>, in one room or (null) anywhere.</summary>
internal sealed record Consent(UserUri Requester, UserUri Target, RoomUri? Room, ConsentWords Words, DateTimeOffset ChangedAt)
{
    /// <summary>Whether the requester waits for an answer, as it knows: that it was refused is not told.</summary>
    public bool IsOpen => Words.Asking == Asking.Asked && Words.Answer != Answer.Granted;

    /// <summary>Nothing said, so nothing kept.</summary>
    public bool IsSilent => Words == default;
}

/// <summary>Everything two users said to each other about consent, both ways. Immutable.</summary>
internal sealed record PairConsents(IReadOnlyList<Consent> Entries)
{
    public static PairConsents None { get; } = new([]);

    /// <summary>Whether <paramref name="target"/> agreed to be reached by <paramref name="requester"/> in this room (null: in any).</summary>
    public bool Granted(UserUri requester, UserUri target, RoomUri? room) => Effective(requester, target, room) == new ConsentWords(Asking.Asked, Answer.Granted);

    /// <summary>Whether one of two users agreed to the other's request and neither holds the contact closed: they may talk, whoever asked.</summary>
    public bool Between(UserUri one, UserUri other, RoomUri? room) =>
        (Granted(one, other, room) || Granted(other, one, room)) && !Effective(one, other, room).Withheld && !Effective(other, one, room).Withheld;

    /// <summary>Whether they may talk anywhere.</summary>
    public bool InContact(UserUri one, UserUri other) => Between(one, other, null) || Entries.Any(e => e.Room is { } room && Between(one, other, room));

    /// <summary>
    /// What counts in a room (null: in any). The narrower word counts where there is one: a room can be revoked while the rest stays granted, and the other way round.
    /// Each side's word is looked up by itself, so a request for a room does not hide that the other side revoked everything.
    /// </summary>
    public ConsentWords Effective(UserUri requester, UserUri target, RoomUri? room)
    {
        var anywhere = Find(requester, target, null)?.Words ?? default;
        var here = room is null ? default : Find(requester, target, room)?.Words ?? default;
        return new(here.Asking == Asking.None ? anywhere.Asking : here.Asking, here.Answer == Answer.None ? anywhere.Answer : here.Answer);
    }

    /// <summary>Whether one of them, either, was asked and agreed, in any room: they know each other.</summary>
    public bool Acquainted => Entries.Any(e => e.Words == new ConsentWords(Asking.Asked, Answer.Granted));

    /// <summary>What was said in exactly this scope; null when nothing was.</summary>
    public Consent? Find(UserUri requester, UserUri target, RoomUri? room) => Entries.FirstOrDefault(e => e.Requester == requester && e.Target == target && e.Room == room);

    public PairConsents With(Consent entry) =>
        new([.. Entries.Where(e => e.Requester != entry.Requester || e.Target != entry.Target || e.Room != entry.Room), .. entry.IsSilent ? Array.Empty<Consent>() : [entry]]);
}

/// <summary>Table <c>hub_consents</c>.</summary>
internal static class ConsentStore
{
    // Asked and not answered; or withdrawn, where no grant the other way would open the contact again without it.
    private const string Unanswered =
        "c.answer = 0 AND (c.asking <> 2 OR NOT EXISTS (SELECT 1 FROM hub_consents o WHERE o.requester = c.target AND o.target = c.requester AND o.answer = 1))";

    public static readonly RowStatement<(UserUri First, UserUri Second)> ByPair = new(
        """
        SELECT c.requester, c.target, c.room, c.asking, c.answer, c.changed_ms FROM given JOIN hub_consents c
        ON (c.requester = given.one AND c.target = given.other) OR (c.requester = given.other AND c.target = given.one)
        """,
        RowColumn<(UserUri First, UserUri Second)>.Text("one", p => p.First.Value),
        RowColumn<(UserUri First, UserUri Second)>.Text("other", p => p.Second.Value));

    /// <summary>How many requests of each requester wait for an answer, as it knows.</summary>
    public static readonly RowStatement<UserUri> OpenByRequester = new(
        "SELECT c.requester, COUNT(*) FROM given JOIN hub_consents c ON c.requester = given.requester WHERE c.asking = 1 AND c.answer <> 1 GROUP BY c.requester",
        RowColumn<UserUri>.Text("requester", u => u.Value));

    /// <summary>On how many contacts and rooms each user has said something.</summary>
    public static readonly RowStatement<UserUri> SaidBy = new(
        """
        SELECT given.one, (SELECT COUNT(*) FROM hub_consents c WHERE c.requester = given.one AND c.asking <> 0) + (SELECT COUNT(*) FROM hub_consents c WHERE c.target = given.one AND c.answer <> 0)
        FROM given
        """,
        RowColumn<UserUri>.Text("one", u => u.Value));

    public static readonly RowStatement<Consent> Delete = new(
        """
        DELETE FROM hub_consents WHERE (requester, target, room) IN (SELECT requester, target, room FROM given)
        """,
        RowColumn<Consent>.Text("requester", c => c.Requester.Value),
        RowColumn<Consent>.Text("target", c => c.Target.Value),
        RowColumn<Consent>.Text("room", c => c.Room?.Value ?? ""));

    /// <summary>A row when something is there to delete.</summary>
    public static readonly RowStatement<DateTimeOffset> AnyUnanswered = new(
        "SELECT 1 FROM hub_consents c WHERE c.changed_ms <= (SELECT before_ms FROM given) AND " + Unanswered + " LIMIT 1",
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<DateTimeOffset> DeleteUnanswered = new(
        "DELETE FROM hub_consents AS c WHERE c.changed_ms <= (SELECT before_ms FROM given) AND " + Unanswered,
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<Consent> Upsert = new(
        """
        INSERT INTO hub_consents (requester, target, room, asking, answer, changed_ms) SELECT requester, target, room, asking, answer, changed_ms FROM given WHERE true
        ON CONFLICT (requester, target, room) DO UPDATE SET asking = excluded.asking, answer = excluded.answer, changed_ms = excluded.changed_ms
        """,
        RowColumn<Consent>.Text("requester", c => c.Requester.Value),
        RowColumn<Consent>.Text("target", c => c.Target.Value),
        RowColumn<Consent>.Text("room", c => c.Room?.Value ?? ""),
        RowColumn<Consent>.Number("asking", c => (long)c.Words.Asking),
        RowColumn<Consent>.Number("answer", c => (long)c.Words.Answer),
        RowColumn<Consent>.Number("changed_ms", c => c.ChangedAt.ToUnixTimeMilliseconds()));

    public static Consent Read(DbDataReader row) => new(
        UserUri.Parse(row.GetString(0)), UserUri.Parse(row.GetString(1)), row.GetString(2).Length == 0 ? null : RoomUri.Parse(row.GetString(2)),
        new ConsentWords((Asking)row.GetInt64(3), (Answer)row.GetInt64(4)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)));
}

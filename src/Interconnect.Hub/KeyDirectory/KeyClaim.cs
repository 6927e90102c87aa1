using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A key package that was given out: to whom, and for which room (null: any). One of last resort is given out again.</summary>
internal sealed record KeyClaim(byte[] Reference, ClientUri Client, UserUri Requester, RoomUri? Room, DateTimeOffset ClaimedAt, DateTimeOffset NotAfter)
{
    public string Key { get; } = Convert.ToHexString(Reference);

    /// <summary>Known when it is given out only: the package stays.</summary>
    public bool LastResort { get; init; }
}

/// <summary>What a quota asks.</summary>
internal sealed record ClaimQuery(UserUri Requester, UserUri Owner, DateTimeOffset Since);

/// <summary>Table <c>hub_key_claims</c>: kept until the package itself has expired, so that none is given out or taken in twice.</summary>
internal static class KeyClaimStore
{
    public static readonly RowStatement<byte[]> ByReference = new(
        "SELECT k.reference, k.client, k.requester, k.room, k.claimed_ms, k.not_after_ms FROM given JOIN hub_key_claims k ON k.reference = given.reference",
        RowColumn<byte[]>.Bytes("reference", r => r));

    public static readonly RowStatement<KeyClaim> Insert = new(
        """
        INSERT INTO hub_key_claims (reference, client, requester, room, claimed_ms, not_after_ms) SELECT reference, client, requester, room, claimed_ms, not_after_ms FROM given WHERE true
        ON CONFLICT (reference, requester, room) DO UPDATE SET claimed_ms = excluded.claimed_ms
        """,
        RowColumn<KeyClaim>.Bytes("reference", c => c.Reference),
        RowColumn<KeyClaim>.Text("client", c => c.Client.Value),
        RowColumn<KeyClaim>.Text("requester", c => c.Requester.Value),
        RowColumn<KeyClaim>.Text("room", c => c.Room?.Value ?? ""),
        RowColumn<KeyClaim>.Number("claimed_ms", c => c.ClaimedAt.ToUnixTimeMilliseconds()),
        RowColumn<KeyClaim>.Number("not_after_ms", c => c.NotAfter.ToUnixTimeMilliseconds()));

    /// <summary>How many packages of each of a user's clients somebody was given since a time.</summary>
    public static readonly RowStatement<ClaimQuery> Recent = new(
        """
        SELECT k.requester, k.client, COUNT(*) FROM given JOIN hub_clients c ON c.owner = given.owner
        JOIN hub_key_claims k ON k.requester = given.requester AND k.client = c.client AND k.claimed_ms > given.since_ms GROUP BY k.requester, k.client
        """,
        RowColumn<ClaimQuery>.Text("requester", q => q.Requester.Value),
        RowColumn<ClaimQuery>.Text("owner", q => q.Owner.Value),
        RowColumn<ClaimQuery>.Number("since_ms", q => q.Since.ToUnixTimeMilliseconds()));

    /// <summary>A row when something is there to delete.</summary>
    public static readonly RowStatement<DateTimeOffset> AnyExpired = new(
        "SELECT 1 FROM hub_key_claims WHERE not_after_ms <= (SELECT before_ms FROM given) LIMIT 1",
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<DateTimeOffset> DeleteExpired = new(
        "DELETE FROM hub_key_claims WHERE not_after_ms <= (SELECT before_ms FROM given)",
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static void AddTo(Dictionary<string, List<KeyClaim>> claims, KeyClaim claim) => (claims.TryGetValue(claim.Key, out var known) ? known : claims[claim.Key] = []).Add(claim);

    public static KeyClaim Read(DbDataReader row) => new(
        row.GetFieldValue<byte[]>(0), ClientUri.Parse(row.GetString(1)), UserUri.Parse(row.GetString(2)), row.GetString(3).Length == 0 ? null : RoomUri.Parse(row.GetString(3)),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)));
}

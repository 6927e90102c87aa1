using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A key package that waits to be given out: once, or, as a client's one of last resort, whenever no other is left.</summary>
internal sealed record KeyPackageEntry(byte[] Reference, ClientUri Client, ushort Suite, DateTimeOffset NotAfter, DateTimeOffset PublishedAt, byte[] Package, bool LastResort)
{
    public string Key { get; } = Convert.ToHexString(Reference);
}

/// <summary>What a key material request needs to see.</summary>
internal sealed record PackageQuery(UserUri Owner, int Most, DateTimeOffset Now);

/// <summary>What a client has: packages to be given out once, and until when one of last resort; null when there is none.</summary>
internal sealed record PoolCount(ClientUri Client, int Left, DateTimeOffset? LastResortEnds)
{
    public static PoolCount Read(DbDataReader row) =>
        new(ClientUri.Parse(row.GetString(0)), (int)row.GetInt64(1), row.IsDBNull(2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));
}

/// <summary>Table <c>hub_key_packages</c>: a row is there from publication to claim or expiry; that of last resort until the next one comes.</summary>
internal static class KeyPackageStore
{
    private const string Counts = "SUM(CASE WHEN p.last_resort = 0 THEN 1 ELSE 0 END), MAX(CASE WHEN p.last_resort = 1 THEN p.not_after_ms END)";

    /// <summary>The packages of a user's clients, oldest first; ranked so that a large pool is not read whole.</summary>
    public static readonly RowStatement<PackageQuery> ByOwner = new(
        """
        SELECT reference, client, suite, not_after_ms, published_ms, package, last_resort FROM (
            SELECT p.reference, p.client, p.suite, p.not_after_ms, p.published_ms, p.package, p.last_resort, given.most,
                   ROW_NUMBER() OVER (PARTITION BY p.client, p.suite, p.last_resort ORDER BY p.published_ms, p.reference) AS place
            FROM given JOIN hub_clients c ON c.owner = given.owner JOIN hub_key_packages p ON p.client = c.client WHERE p.not_after_ms > given.now_ms) AS ranked
        WHERE place <= most ORDER BY client, suite, last_resort, place
        """,
        RowColumn<PackageQuery>.Text("owner", q => q.Owner.Value),
        RowColumn<PackageQuery>.Number("most", q => q.Most),
        RowColumn<PackageQuery>.Number("now_ms", q => q.Now.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<KeyPackageEntry> Insert = new(
        """
        INSERT INTO hub_key_packages (reference, client, suite, not_after_ms, published_ms, package, last_resort)
        SELECT reference, client, suite, not_after_ms, published_ms, package, last_resort FROM given
        """,
        RowColumn<KeyPackageEntry>.Bytes("reference", p => p.Reference),
        RowColumn<KeyPackageEntry>.Text("client", p => p.Client.Value),
        RowColumn<KeyPackageEntry>.Number("suite", p => p.Suite),
        RowColumn<KeyPackageEntry>.Number("not_after_ms", p => p.NotAfter.ToUnixTimeMilliseconds()),
        RowColumn<KeyPackageEntry>.Number("published_ms", p => p.PublishedAt.ToUnixTimeMilliseconds()),
        RowColumn<KeyPackageEntry>.Bytes("package", p => p.Package),
        RowColumn<KeyPackageEntry>.Number("last_resort", p => p.LastResort ? 1 : 0));

    /// <summary>A fresh one takes the place of what was there.</summary>
    public static readonly RowStatement<ClientUri> DropLastResort = new(
        "DELETE FROM hub_key_packages WHERE last_resort = 1 AND client IN (SELECT client FROM given)", RowColumn<ClientUri>.Text("client", c => c.Value));

    /// <summary>What each client has.</summary>
    public static readonly RowStatement<ClientUri> CountByClient = new(
        $"SELECT p.client, {Counts} FROM given JOIN hub_key_packages p ON p.client = given.client GROUP BY p.client",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    /// <summary>What each of a user's clients has.</summary>
    public static readonly RowStatement<UserUri> CountByOwner = new(
        $"SELECT p.client, {Counts} FROM given JOIN hub_clients c ON c.owner = given.owner JOIN hub_key_packages p ON p.client = c.client GROUP BY p.client",
        RowColumn<UserUri>.Text("owner", u => u.Value));

    /// <summary>Which of the references were published before, given out or not.</summary>
    public static readonly RowStatement<byte[]> Known = new(
        """
        SELECT p.reference FROM given JOIN hub_key_packages p ON p.reference = given.reference
        UNION ALL SELECT k.reference FROM given JOIN hub_key_claims k ON k.reference = given.reference
        """,
        RowColumn<byte[]>.Bytes("reference", r => r));

    public static readonly RowStatement<KeyClaim> Take = new(
        "DELETE FROM hub_key_packages WHERE reference IN (SELECT reference FROM given)",
        RowColumn<KeyClaim>.Bytes("reference", c => c.Reference));

    public static readonly RowStatement<ClientUri> DeleteByClient = new(
        "DELETE FROM hub_key_packages WHERE client IN (SELECT client FROM given)",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    /// <summary>A row when something is there to delete.</summary>
    public static readonly RowStatement<DateTimeOffset> AnyExpired = new(
        "SELECT 1 FROM hub_key_packages WHERE not_after_ms <= (SELECT now_ms FROM given) LIMIT 1",
        RowColumn<DateTimeOffset>.Number("now_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<DateTimeOffset> DeleteExpired = new(
        "DELETE FROM hub_key_packages WHERE not_after_ms <= (SELECT now_ms FROM given)",
        RowColumn<DateTimeOffset>.Number("now_ms", t => t.ToUnixTimeMilliseconds()));

    public static KeyPackageEntry Read(DbDataReader row) => new(
        row.GetFieldValue<byte[]>(0), ClientUri.Parse(row.GetString(1)), (ushort)row.GetInt64(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), row.GetFieldValue<byte[]>(5), row.GetInt64(6) != 0);
}

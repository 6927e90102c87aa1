using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A device that published key material, and the key it signs with from then on.</summary>
internal sealed record Client(ClientUri Uri, ushort Suite, byte[] SignatureKey, DateTimeOffset RegisteredAt, DateTimeOffset SeenAt)
{
    /// <summary>How exactly it is known when a client was seen: a row is written a day at most.</summary>
    public static readonly TimeSpan SeenStep = TimeSpan.FromDays(1);
}

/// <summary>Table <c>hub_clients</c>. A registered key never changes; a client that its user's newest device list does not name goes.</summary>
internal static class ClientStore
{
    // A member of a room stays: without its key the room could not go on.
    private const string Unseen = "seen_ms <= (SELECT before_ms FROM given) AND NOT EXISTS (SELECT 1 FROM hub_room_members m WHERE m.client = hub_clients.client)";
    private const string Columns = "c.client, c.suite, c.signature_key, c.registered_ms, c.seen_ms";

    public static readonly RowStatement<ClientUri> ByUri = new(
        $"SELECT {Columns} FROM given JOIN hub_clients c ON c.client = given.client",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    public static readonly RowStatement<UserUri> ByOwner = new(
        $"SELECT {Columns} FROM given JOIN hub_clients c ON c.owner = given.owner ORDER BY c.client",
        RowColumn<UserUri>.Text("owner", u => u.Value));

    public static readonly RowStatement<Client> Insert = new(
        "INSERT INTO hub_clients (client, owner, suite, signature_key, registered_ms, seen_ms) SELECT client, owner, suite, signature_key, registered_ms, seen_ms FROM given",
        RowColumn<Client>.Text("client", c => c.Uri.Value),
        RowColumn<Client>.Text("owner", c => c.Uri.Owner.Value),
        RowColumn<Client>.Number("suite", c => c.Suite),
        RowColumn<Client>.Bytes("signature_key", c => c.SignatureKey),
        RowColumn<Client>.Number("registered_ms", c => c.RegisteredAt.ToUnixTimeMilliseconds()),
        RowColumn<Client>.Number("seen_ms", c => c.SeenAt.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<Client> Seen = new(
        "UPDATE hub_clients SET seen_ms = given.seen_ms FROM given WHERE hub_clients.client = given.client",
        RowColumn<Client>.Text("client", c => c.Uri.Value),
        RowColumn<Client>.Number("seen_ms", c => c.SeenAt.ToUnixTimeMilliseconds()));

    /// <summary>A row when something is there to delete.</summary>
    public static readonly RowStatement<DateTimeOffset> AnyUnseen = new(
        $"SELECT 1 FROM hub_clients WHERE {Unseen} LIMIT 1", RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    /// <summary>Before the clients themselves.</summary>
    public static readonly RowStatement<DateTimeOffset> DeletePackagesOfUnseen = new(
        $"DELETE FROM hub_key_packages WHERE client IN (SELECT client FROM hub_clients WHERE {Unseen})", RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<DateTimeOffset> DeleteUnseen = new(
        $"DELETE FROM hub_clients WHERE {Unseen}", RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<ClientUri> Delete = new(
        "DELETE FROM hub_clients WHERE client IN (SELECT client FROM given)",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    public static Client Read(DbDataReader row) =>
        new(ClientUri.Parse(row.GetString(0)), (ushort)row.GetInt64(1), row.GetFieldValue<byte[]>(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)));
}

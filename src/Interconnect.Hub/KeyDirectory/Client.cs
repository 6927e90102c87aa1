using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A device that published key material, and the key it signs with from then on.</summary>
internal sealed record Client(ClientUri Uri, ushort Suite, byte[] SignatureKey, DateTimeOffset RegisteredAt);

/// <summary>Table <c>hub_clients</c>. A registered key never changes; a client that its user's newest device list does not name goes.</summary>
internal static class ClientStore
{
    private const string Columns = "c.client, c.suite, c.signature_key, c.registered_ms";

    public static readonly RowStatement<ClientUri> ByUri = new(
        $"SELECT {Columns} FROM given JOIN hub_clients c ON c.client = given.client",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    public static readonly RowStatement<UserUri> ByOwner = new(
        $"SELECT {Columns} FROM given JOIN hub_clients c ON c.owner = given.owner ORDER BY c.client",
        RowColumn<UserUri>.Text("owner", u => u.Value));

    public static readonly RowStatement<Client> Insert = new(
        "INSERT INTO hub_clients (client, owner, suite, signature_key, registered_ms) SELECT client, owner, suite, signature_key, registered_ms FROM given",
        RowColumn<Client>.Text("client", c => c.Uri.Value),
        RowColumn<Client>.Text("owner", c => c.Uri.Owner.Value),
        RowColumn<Client>.Number("suite", c => c.Suite),
        RowColumn<Client>.Bytes("signature_key", c => c.SignatureKey),
        RowColumn<Client>.Number("registered_ms", c => c.RegisteredAt.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<ClientUri> Delete = new(
        "DELETE FROM hub_clients WHERE client IN (SELECT client FROM given)",
        RowColumn<ClientUri>.Text("client", c => c.Value));

    public static Client Read(DbDataReader row) =>
        new(ClientUri.Parse(row.GetString(0)), (ushort)row.GetInt64(1), row.GetFieldValue<byte[]>(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)));
}

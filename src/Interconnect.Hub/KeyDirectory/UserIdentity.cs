using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A user's pinned identity and newest device list. Immutable.</summary>
/// <param name="Newest">The newest list; its identity key is the pinned one.</param>
/// <param name="PinnedAt">Since when this identity is pinned.</param>
/// <param name="ChangedAt">When the newest list came.</param>
/// <param name="ListsUntil">How far the changes that devices signed use up what a time allows (<see cref="Allowance"/>).</param>
/// <param name="ErasUntil">The same for eras that the identity key opened: what a thief of a device signs never uses up what the phrase may do.</param>
internal sealed record UserIdentity(SignedDeviceList Newest, DateTimeOffset PinnedAt, DateTimeOffset ChangedAt, DateTimeOffset ListsUntil, DateTimeOffset ErasUntil)
{
    public UserUri User => Newest.List.User;

    public ReadOnlyMemory<byte> IdentityKey => Newest.List.IdentityKey;

    /// <summary>Another identity that waits to take this one's place; null when none does.</summary>
    public PendingReset? Reset { get; init; }

    public bool Names(ClientUri client, ushort suite, ReadOnlySpan<byte> key) => Newest.List.Names(client, suite, key);

    public bool Names(FrameProof proof) => Names(proof.Client, proof.CipherSuite, proof.SignatureKey.Span);
}

/// <summary>A reset that waits.</summary>
/// <param name="IdentityKey">The identity that asks.</param>
/// <param name="AskedAt">When it asked first.</param>
/// <param name="EffectiveAt">From when on its lists are taken.</param>
/// <param name="Objected">The pinned identity has objected, which lengthened the wait.</param>
internal sealed record PendingReset(byte[] IdentityKey, DateTimeOffset AskedAt, DateTimeOffset EffectiveAt, bool Objected);

/// <summary>What one event makes of an identity.</summary>
/// <param name="Identity">The identity as it is then.</param>
/// <param name="Chain">The newest era, verified; null when only the pending reset changes.</param>
/// <param name="Unregistered">Clients that are the user's no more: they and their key packages go.</param>
internal sealed record IdentityChange(UserIdentity Identity, DeviceChain? Chain, IReadOnlyList<Client> Unregistered)
{
    /// <summary>Another identity takes the pinned one's place.</summary>
    public bool TakesOver { get; init; }
}

/// <summary>
/// Table <c>hub_identities</c>: a row a user, for as long as the user is one of a network's, since who forgets an identity would pin anybody's. The newest list stands beside the chain
/// that it ends, because every event asks for the one and few for the other.
/// </summary>
internal static class IdentityStore
{
    private const string Columns = "i.owner, i.newest, i.pinned_ms, i.changed_ms, i.lists_until_ms, i.eras_until_ms, i.reset_key, i.reset_asked_ms, i.reset_effective_ms, i.reset_objected";

    public static readonly RowStatement<UserUri> ByOwner = new(
        $"SELECT {Columns} FROM given JOIN hub_identities i ON i.owner = given.owner",
        RowColumn<UserUri>.Text("owner", u => u.Value));

    public static readonly RowStatement<UserUri> ChainByOwner = new(
        "SELECT i.owner, i.chain FROM given JOIN hub_identities i ON i.owner = given.owner",
        RowColumn<UserUri>.Text("owner", u => u.Value));

    public static readonly RowStatement<(UserIdentity Identity, DeviceChain Chain)> Upsert = new(
        """
        INSERT INTO hub_identities (owner, identity_key, era, version, newest, chain, pinned_ms, changed_ms, lists_until_ms, eras_until_ms)
        SELECT owner, identity_key, era, version, newest, chain, pinned_ms, changed_ms, lists_until_ms, eras_until_ms FROM given WHERE true
        ON CONFLICT (owner) DO UPDATE SET identity_key = excluded.identity_key, era = excluded.era, version = excluded.version, newest = excluded.newest, chain = excluded.chain,
            pinned_ms = excluded.pinned_ms, changed_ms = excluded.changed_ms, lists_until_ms = excluded.lists_until_ms, eras_until_ms = excluded.eras_until_ms
        """,
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Text("owner", r => r.Identity.User.Value),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Bytes("identity_key", r => r.Identity.IdentityKey.ToArray()),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("era", r => (long)r.Identity.Newest.List.Era),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("version", r => (long)r.Identity.Newest.List.Version),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Bytes("newest", r => r.Identity.Newest.Encoded.ToArray()),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Bytes("chain", r => StoredChain.Write(r.Chain.Encoded)),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("pinned_ms", r => r.Identity.PinnedAt.ToUnixTimeMilliseconds()),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("changed_ms", r => r.Identity.ChangedAt.ToUnixTimeMilliseconds()),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("lists_until_ms", r => r.Identity.ListsUntil.ToUnixTimeMilliseconds()),
        RowColumn<(UserIdentity Identity, DeviceChain Chain)>.Number("eras_until_ms", r => r.Identity.ErasUntil.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<UserIdentity> SetReset = new(
        """
        UPDATE hub_identities SET reset_key = given.reset_key, reset_asked_ms = given.reset_asked_ms, reset_effective_ms = given.reset_effective_ms, reset_objected = given.reset_objected
        FROM given WHERE hub_identities.owner = given.owner
        """,
        RowColumn<UserIdentity>.Text("owner", i => i.User.Value),
        RowColumn<UserIdentity>.Bytes("reset_key", i => i.Reset?.IdentityKey),
        RowColumn<UserIdentity>.OptionalNumber("reset_asked_ms", i => i.Reset?.AskedAt.ToUnixTimeMilliseconds()),
        RowColumn<UserIdentity>.OptionalNumber("reset_effective_ms", i => i.Reset?.EffectiveAt.ToUnixTimeMilliseconds()),
        RowColumn<UserIdentity>.OptionalNumber("reset_objected", i => i.Reset is { } reset ? (reset.Objected ? 1 : 0) : null));

    /// <summary>A row when a reset was not taken up in time.</summary>
    public static readonly RowStatement<DateTimeOffset> AnyLapsed = new(
        "SELECT 1 FROM hub_identities WHERE reset_effective_ms <= (SELECT before_ms FROM given) LIMIT 1",
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    public static readonly RowStatement<DateTimeOffset> DropLapsed = new(
        """
        UPDATE hub_identities SET reset_key = NULL, reset_asked_ms = NULL, reset_effective_ms = NULL, reset_objected = NULL
        WHERE reset_effective_ms <= (SELECT before_ms FROM given)
        """,
        RowColumn<DateTimeOffset>.Number("before_ms", t => t.ToUnixTimeMilliseconds()));

    /// <summary>A list that was verified when it came; one that cannot be read now is a damaged row: a defect.</summary>
    public static UserIdentity Read(DbDataReader row)
    {
        if (!SignedDeviceList.TryDecode(row.GetFieldValue<byte[]>(1), out var newest, out var error))
        {
            throw new InvalidDataException("A stored device list cannot be read: " + error.RuleId);
        }

        return new UserIdentity(newest, Time(row, 2), Time(row, 3), Time(row, 4), Time(row, 5))
        {
            Reset = row.IsDBNull(6) ? null : new PendingReset(row.GetFieldValue<byte[]>(6), Time(row, 7), Time(row, 8), row.GetInt64(9) != 0),
        };
    }

    private static DateTimeOffset Time(DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}

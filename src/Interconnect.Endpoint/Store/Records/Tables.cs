using System.Text.Json;

namespace Interconnect.Endpoint;

/// <summary>One kind of record in the store.</summary>
internal sealed class Table<T>(EntryKind kind, Func<T, string> nameOf)
    where T : class
{
    public T? Get(StoreTransaction transaction, string name) => transaction.Get(kind, name) is { } value ? Read(value) : null;

    public IReadOnlyList<T> All(StoreTransaction transaction) => [.. transaction.All(kind).Select(Read)];

    /// <summary>Writes; a new record goes to <paramref name="position"/>, or last.</summary>
    public void Put(StoreTransaction transaction, T record, long? position = null) =>
        transaction.Put(kind, nameOf(record), JsonSerializer.SerializeToUtf8Bytes(record, Tables.Json), position);

    public bool Delete(StoreTransaction transaction, T record) => transaction.Delete(kind, nameOf(record));

    private static T Read(byte[] value)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(value, Tables.Json) ?? throw new StoreDamagedException();
        }
        catch (JsonException e)
        {
            throw new StoreDamagedException(e);
        }
    }
}

/// <summary>The store's tables.</summary>
internal static class Tables
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    public static readonly Table<IdentityRecord> Identity = new(EntryKind.Identity, _ => IdentityRecord.Name);
    public static readonly Table<KeyPackageRecord> KeyPackages = new(EntryKind.KeyPackage, r => r.Reference);
    public static readonly Table<PublicationRecord> Publication = new(EntryKind.Publication, _ => PublicationRecord.Name);
    public static readonly Table<KeyCountRecord> KeyCount = new(EntryKind.KeyCount, _ => KeyCountRecord.Name);
    public static readonly Table<ContactRecord> Contacts = new(EntryKind.Contact, r => r.User);
    public static readonly Table<RoomRecord> Rooms = new(EntryKind.Room, r => r.Room);
    public static readonly Table<SetupRecord> Setups = new(EntryKind.Setup, r => r.Peer);
    public static readonly Table<MessageRecord> Messages = new(EntryKind.Message, r => r.Id);
    public static readonly Table<OutboxRecord> Outbox = new(EntryKind.Outbox, r => r.Frame);
    public static readonly Table<SentRecord> Sent = new(EntryKind.Sent, r => r.Frame);
    public static readonly Table<HeldRecord> Held = new(EntryKind.Held, r => HeldName(r.Conversation, r.Sequence));
    public static readonly Table<ChunkRecord> Chunks = new(EntryKind.Chunk, r => r.Sender + "\n" + r.Text);
    public static readonly Table<ChainRecord> Chains = new(EntryKind.Chain, r => r.User);
    public static readonly Table<ChainRecord> StagedChain = new(EntryKind.StagedChain, r => r.User);
    public static readonly Table<ListPublicationRecord> ListPublication = new(EntryKind.ListPublication, _ => ListPublicationRecord.Name);
    public static readonly Table<OrderRecord> Orders = new(EntryKind.Order, r => r.Conversation);

    private static string HeldName(string conversation, ulong sequence) => FormattableString.Invariant($"{sequence} {conversation}");
}

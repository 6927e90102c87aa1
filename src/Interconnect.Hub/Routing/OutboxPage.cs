using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>One envelope that waits to be published.</summary>
internal readonly record struct OutboxEntry(ConversationKey Conversation, ReadOnlyMemory<byte> Body);

/// <summary>
/// Envelopes for one network in their order, kept as one row: what a transaction has for a network costs one row, however much it is. Stored form, version 1:
/// a version byte, then for each entry u16 length and UTF-8 of the conversation key, u32 length and bytes of the envelope; big endian.
/// </summary>
internal sealed record OutboxPage(long No, NetworkId Network, IReadOnlyList<OutboxEntry> Entries, DateTimeOffset CreatedAt)
{
    public const int MaxEntries = 1_000;
    public const int MaxBytes = 1 << 20;
    private const byte Version = 1;

    public byte[] Encode()
    {
        var writer = new ArrayBufferWriter<byte>(256 + Entries.Sum(e => e.Body.Length + 256));
        writer.GetSpan(1)[0] = Version;
        writer.Advance(1);
        foreach (var entry in Entries)
        {
            var key = Encoding.UTF8.GetBytes(entry.Conversation.Value);
            BinaryPrimitives.WriteUInt16BigEndian(writer.GetSpan(2), (ushort)key.Length);
            writer.Advance(2);
            writer.Write(key);
            BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(4), entry.Body.Length);
            writer.Advance(4);
            writer.Write(entry.Body.Span);
        }

        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a stored page.</summary>
    /// <exception cref="InvalidDataException">The row is damaged or of a newer version; it holds what was promised, so nobody may pass over it.</exception>
    public static IReadOnlyList<OutboxEntry> Decode(ReadOnlyMemory<byte> stored)
    {
        var entries = new List<OutboxEntry>();
        var at = 1;
        if (stored.IsEmpty || stored.Span[0] != Version)
        {
            throw new InvalidDataException("An outbox page is of a version that this hub cannot read.");
        }

        while (at < stored.Length)
        {
            var key = Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt16BigEndian(Take(2).Span)).Span);
            if (!ConversationKey.TryParse(key, out var conversation))
            {
                throw Damaged(at);
            }

            entries.Add(new OutboxEntry(conversation, Take(BinaryPrimitives.ReadInt32BigEndian(Take(4).Span))));
        }

        return entries;

        ReadOnlyMemory<byte> Take(int length)
        {
            if (length < 0 || length > stored.Length - at)
            {
                throw Damaged(at);
            }

            var part = stored.Slice(at, length);
            at += length;
            return part;
        }
    }

    private static InvalidDataException Damaged(int at) => new($"An outbox page is damaged at byte {at}.");
}

/// <summary>A page without its body, as the start finds it.</summary>
internal sealed record OutboxPageHeader(long No, NetworkId Network, int Entries);

/// <summary>Table <c>hub_outbox</c>: a row from the transaction that made it until all of it is confirmed.</summary>
internal static class OutboxStore
{
    public static readonly RowStatement<OutboxPage> Insert = new(
        "INSERT INTO hub_outbox (page_no, network, entries, created_ms, body) SELECT page_no, network, entries, created_ms, body FROM given",
        RowColumn<OutboxPage>.Number("page_no", p => p.No),
        RowColumn<OutboxPage>.Text("network", p => p.Network.Value),
        RowColumn<OutboxPage>.Number("entries", p => p.Entries.Count),
        RowColumn<OutboxPage>.Number("created_ms", p => p.CreatedAt.ToUnixTimeMilliseconds()),
        RowColumn<OutboxPage>.Bytes("body", p => p.Encode()));

    public static readonly RowStatement<long> Delete = new(
        "DELETE FROM hub_outbox WHERE page_no IN (SELECT page_no FROM given)", RowColumn<long>.Number("page_no", n => n));

    public static readonly RowStatement<long> HeadersAfter = new(
        "SELECT page_no, network, entries FROM hub_outbox WHERE page_no > (SELECT page_no FROM given) ORDER BY page_no", RowColumn<long>.Number("page_no", n => n));

    public static readonly RowStatement<long> Body = new(
        "SELECT o.body FROM given JOIN hub_outbox o ON o.page_no = given.page_no", RowColumn<long>.Number("page_no", n => n));
}

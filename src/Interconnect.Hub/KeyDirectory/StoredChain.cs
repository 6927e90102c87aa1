using System.Buffers.Binary;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// A chain of device lists as it stands in the database: <c>struct { uint8 version = 1; struct { uint32 length; opaque list[length]; } lists[]; }</c>. The lists were verified before
/// they were stored; who can write to the hub's database is trusted with them, so their signatures are not checked again here. Endpoints check them all.
/// </summary>
internal static class StoredChain
{
    private const byte FormatVersion = 1;

    public static byte[] Write(IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        var stored = new byte[1 + lists.Sum(l => sizeof(uint) + l.Length)];
        stored[0] = FormatVersion;
        var at = 1;
        foreach (var list in lists)
        {
            BinaryPrimitives.WriteInt32BigEndian(stored.AsSpan(at), list.Length);
            at += sizeof(int);
            list.Span.CopyTo(stored.AsSpan(at));
            at += list.Length;
        }

        return stored;
    }

    /// <exception cref="InvalidDataException">The row is damaged, or a newer version's.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(byte[] stored)
    {
        var lists = new List<ReadOnlyMemory<byte>>();
        if (stored is not [FormatVersion, ..])
        {
            throw new InvalidDataException("A stored chain of device lists is of another version.");
        }

        for (var at = 1; at < stored.Length;)
        {
            var length = stored.Length - at >= sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(stored.AsSpan(at)) : -1;
            at += sizeof(int);
            if (length < 0 || length > stored.Length - at)
            {
                throw new InvalidDataException("A stored chain of device lists ends too early.");
            }

            lists.Add(stored.AsMemory(at, length));
            at += length;
        }

        return lists;
    }

    /// <summary>The chain behind stored lists, for comparing.</summary>
    /// <exception cref="InvalidDataException">The row is damaged.</exception>
    public static DeviceChain Open(IReadOnlyList<ReadOnlyMemory<byte>> lists) =>
        DeviceChain.TryRead(lists, static (_, _, _, _, _) => true, DateTimeOffset.MaxValue - DeviceChain.MaxAhead, null, out var chain, out var error)
            ? chain
            : throw new InvalidDataException("A stored chain of device lists cannot be read: " + error.RuleId);
}

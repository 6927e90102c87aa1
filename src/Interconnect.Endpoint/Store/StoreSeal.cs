using System.Buffers.Binary;

namespace Interconnect.Endpoint;

/// <summary>
/// A keyed hash over the set of all entries (lane-wise sum of their HMACs, 4 lanes of 64 bits), kept encrypted and updated with every change: an entry that
/// was removed, brought back or moved from outside no longer fits it.
/// </summary>
internal sealed class StoreSeal
{
    public const int Size = 32;
    private readonly ulong[] lanes = new ulong[4];

    public StoreSeal()
    {
    }

    public StoreSeal(byte[] encoded)
    {
        for (var i = 0; i < lanes.Length; i++)
            lanes[i] = BinaryPrimitives.ReadUInt64BigEndian(encoded.AsSpan(i * 8));
    }

    public void Add(byte[] share)
    {
        for (var i = 0; i < lanes.Length; i++)
            lanes[i] = unchecked(lanes[i] + BinaryPrimitives.ReadUInt64BigEndian(share.AsSpan(i * 8)));
    }

    public void Remove(byte[] share)
    {
        for (var i = 0; i < lanes.Length; i++)
            lanes[i] = unchecked(lanes[i] - BinaryPrimitives.ReadUInt64BigEndian(share.AsSpan(i * 8)));
    }

    public byte[] Encode()
    {
        var encoded = new byte[Size];
        for (var i = 0; i < lanes.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(encoded.AsSpan(i * 8), lanes[i]);

        return encoded;
    }
}

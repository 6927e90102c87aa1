using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Interconnect.Endpoint;

/// <summary>What the messages of device linking share.</summary>
internal static class LinkCodec
{
    public const ushort Version = 1;
    public const int TagSize = 32;

    /// <summary>Wrong codes that end a request.</summary>
    public const int MaxTries = 3;

    /// <summary>How long a code is good.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How far the clocks of two devices may be apart.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    public static void WriteNumber(MemoryStream stream, ulong value, int size)
    {
        Span<byte> wide = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(wide, value);
        stream.Write(wide[(8 - size)..]);
    }

    public static void WriteOpaque(MemoryStream stream, ReadOnlySpan<byte> bytes, int lengthSize)
    {
        WriteNumber(stream, (ulong)bytes.Length, lengthSize);
        stream.Write(bytes);
    }

    public static byte[] Hash(ReadOnlySpan<byte> label, ReadOnlySpan<byte> bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(label);
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }
}

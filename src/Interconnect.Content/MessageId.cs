using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Content;

/// <summary>
/// The 32-byte id of a message: hash algorithm 0x01 and the first 31 bytes of a SHA-256 over sender, room, message and salt
/// (draft-ietf-mimi-content section 3.3). Ids order as their bytes do, which breaks ties of equal accepted timestamps (section 5.11).
/// </summary>
public readonly record struct MessageId : IComparable<MessageId>
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 32;

    /// <summary>SHA-256 in the IANA Named Information Hash Algorithm registry, the only algorithm the draft defines.</summary>
    public const byte Sha256Algorithm = 0x01;

    private readonly UInt128 high;
    private readonly UInt128 low;

    private MessageId(UInt128 high, UInt128 low) => (this.high, this.low) = (high, low);

    /// <summary>The first byte: the hash algorithm the id was made with.</summary>
    public byte Algorithm => (byte)(high >> 120);

    /// <summary>The id of an encoded message.</summary>
    /// <param name="senderUri">The sender's user URI as the group's credential names it, not as the message claims it.</param>
    /// <param name="roomUri">The URI of the room the message was received in.</param>
    /// <param name="encoded">The message exactly as it was carried; a decodable <see cref="MimiContent"/>.</param>
    /// <exception cref="ArgumentException">A URI is longer than 65,535 bytes of UTF-8, or <paramref name="encoded"/> does not start as a message.</exception>
    public static MessageId Compute(string senderUri, string roomUri, ReadOnlySpan<byte> encoded)
    {
        // array(7), bytes(16): every message starts with these two bytes, then the salt.
        if (encoded.Length < 2 + Salt.Size || encoded[0] != 0x87 || encoded[1] != 0x50)
            throw new ArgumentException("Not an encoded message.", nameof(encoded));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendWithLength(hash, senderUri, nameof(senderUri));
        AppendWithLength(hash, roomUri, nameof(roomUri));
        hash.AppendData(encoded);
        hash.AppendData(encoded.Slice(2, Salt.Size));

        Span<byte> id = stackalloc byte[1 + SHA256.HashSizeInBytes];
        id[0] = Sha256Algorithm;
        hash.GetHashAndReset(id[1..]);
        return FromBytes(id[..Size]);
    }

    /// <summary>The id with these bytes; the algorithm byte is not looked at.</summary>
    /// <exception cref="ArgumentException">The length is not 32.</exception>
    public static MessageId FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size
            ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]))
            : throw new ArgumentException("A message id has 32 bytes.", nameof(bytes));

    /// <summary>Reads 64 hexadecimal digits of an id made with SHA-256; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        id = default;
        if (text is not { Length: 2 * Size }
            || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done
            || bytes[0] != Sha256Algorithm)
        {
            return false;
        }

        id = FromBytes(bytes);
        return true;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="destination"/> is shorter than 32 bytes.</exception>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], low);
    }

    /// <inheritdoc/>
    public int CompareTo(MessageId other) => high == other.high ? low.CompareTo(other.low) : high.CompareTo(other.high);

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static void AppendWithLength(IncrementalHash hash, string uri, string parameter)
    {
        var bytes = Encoding.UTF8.GetBytes(uri);
        if (bytes.Length > ushort.MaxValue)
            throw new ArgumentException("The URI is longer than its 16-bit length can say.", parameter);

        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

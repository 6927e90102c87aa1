using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Interconnect.Content;

/// <summary>The 16 random bytes that make every message, and so its id, unique (draft-ietf-mimi-content section 4.1).</summary>
public readonly record struct Salt
{
    /// <summary>The length in bytes.</summary>
    public const int Size = 16;

    private readonly UInt128 value;

    private Salt(UInt128 value) => this.value = value;

    /// <summary>A fresh salt from the operating system's generator.</summary>
    public static Salt Generate()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return FromBytes(bytes);
    }

    /// <summary>The salt with these bytes.</summary>
    /// <exception cref="ArgumentException">The length is not 16.</exception>
    public static Salt FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size
            ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes))
            : throw new ArgumentException("A salt has 16 bytes.", nameof(bytes));

    /// <summary>Writes the 16 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="destination"/> is shorter than 16 bytes.</exception>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, value);

    /// <summary>The type's name; the bytes belong to the content.</summary>
    public override string ToString() => "Salt";
}

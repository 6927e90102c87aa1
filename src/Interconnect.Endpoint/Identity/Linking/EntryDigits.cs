using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Interconnect.Endpoint;

/// <summary>
/// Eight digits of a device entry: the first 8 bytes of SHA-256(UTF-8 of "interconnect device entry digits 1" ‖ entry), a big-endian number, modulo 100,000,000.
/// A person types them on the old device as seen on the new one; they are no secret, but show that it is this device and no other that is being added.
/// </summary>
public sealed record EntryDigits
{
    /// <summary>How many digits there are.</summary>
    public const int Length = 8;

    private const int MaxTextLength = 64;

    private EntryDigits(string value) => Value = value;

    /// <summary>The digits without a space.</summary>
    public string Value { get; }

    /// <summary>The digits of an entry.</summary>
    public static EntryDigits Of(ReadOnlySpan<byte> entry)
    {
        var hash = LinkCodec.Hash("interconnect device entry digits 1"u8, entry);
        var number = BinaryPrimitives.ReadUInt64BigEndian(hash) % 100_000_000;
        return new EntryDigits(number.ToString("00000000", CultureInfo.InvariantCulture));
    }

    /// <summary>Reads digits as people type them, with any white space or hyphen between them.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="digits">The digits, not yet compared with anything.</param>
    /// <param name="error"><c>LNK-019</c>; the text is not repeated.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out EntryDigits? digits, [NotNullWhen(false)] out LinkError? error)
    {
        digits = null;
        error = LinkError.NoDigits;
        if (text.Length > MaxTextLength)
            return false;

        Span<char> read = stackalloc char[MaxTextLength];
        var count = 0;
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c))
                read[count++] = c;
            else if (c != '-' && !char.IsWhiteSpace(c))
                return false;
        }

        if (count != Length)
            return false;

        digits = new EntryDigits(new string(read[..Length]));
        error = null;
        return true;
    }

    /// <summary>Whether both are the same, compared in fixed time.</summary>
    public bool Matches(EntryDigits other) =>
        CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Value.AsSpan()), MemoryMarshal.AsBytes(other.Value.AsSpan()));

    /// <summary>Two groups of four.</summary>
    public override string ToString() => $"{Value[..4]} {Value[4..]}";
}

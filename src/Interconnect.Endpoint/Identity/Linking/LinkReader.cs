using System.Buffers.Binary;

namespace Interconnect.Endpoint;

/// <summary>
/// Reads the messages of device linking (presentation language of RFC 8446 section 3, lengths of fixed size) and keeps the first error with its place.
/// </summary>
internal ref struct LinkReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;

    public LinkError? Error { get; private set; }

    public int Offset { get; private set; }

    /// <summary>Version and direction, the first three bytes of every message.</summary>
    public void Header(byte direction)
    {
        if (Number(2, "version") is var version && Error is null && version != LinkCodec.Version)
            Fail("LNK-005", "The message is of another version; both devices need the same version of the program", 0);

        if (Number(1, "direction") is var read && Error is null && read != direction)
            Fail("LNK-006", "The message goes in the other direction", 2);
    }

    public ulong Number(int size, string field)
    {
        Span<byte> wide = stackalloc byte[8];
        Fixed(size, field).CopyTo(wide[(8 - size)..]);
        return BinaryPrimitives.ReadUInt64BigEndian(wide);
    }

    /// <summary>Bytes of a known number; zeros after an error.</summary>
    public ReadOnlySpan<byte> Fixed(int size, string field)
    {
        if (Error is null && bytes.Length - Offset < size)
            Fail("LNK-004", $"The message ends within {field}", Offset);

        if (Error is not null)
            return new byte[size];

        Offset += size;
        return bytes.Slice(Offset - size, size);
    }

    /// <summary>An opaque with its length before it; empty after an error.</summary>
    public ReadOnlySpan<byte> Opaque(int lengthSize, int min, int max, string field)
    {
        var at = Offset;
        var length = Number(lengthSize, field);
        if (Error is null && (length < (ulong)min || length > (ulong)max))
            Fail("LNK-007", $"{field} has {min} to {max} bytes", at);

        return Error is null ? Fixed((int)length, field) : [];
    }

    public void End()
    {
        if (Error is null && Offset != bytes.Length)
            Fail("LNK-008", "Bytes follow the message", Offset);
    }

    public void Fail(string ruleId, string reason, int offset) => Error ??= LinkError.Malformed(ruleId, reason, offset);
}

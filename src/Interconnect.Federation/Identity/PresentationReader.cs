using System.Buffers.Binary;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// Reads what <see cref="PresentationWriter"/> writes and nothing else: a length that is not the shortest is an error. Keeps the first error, with the byte where it
/// was met and the field's name; after an error every read gives an empty value.
/// </summary>
internal sealed class PresentationReader(ReadOnlyMemory<byte> bytes, string path, int start = 0)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private int at;

    public SchemaError? Error { get; private set; }

    public bool IsAtEnd => at >= bytes.Length;

    public byte Byte(string field) => Take(1, field) is { Length: 1 } taken ? taken.Span[0] : (byte)0;

    public ushort UInt16(string field) => Take(2, field) is { Length: 2 } taken ? BinaryPrimitives.ReadUInt16BigEndian(taken.Span) : (ushort)0;

    public ulong UInt64(string field) => Take(8, field) is { Length: 8 } taken ? BinaryPrimitives.ReadUInt64BigEndian(taken.Span) : 0;

    public ReadOnlyMemory<byte> Opaque(string field)
    {
        var length = Length(field);
        return Error is null ? Take(length, field) : default;
    }

    public string Text(string field)
    {
        var from = at;
        try
        {
            return StrictUtf8.GetString(Opaque(field).Span);
        }
        catch (DecoderFallbackException)
        {
            Fail("DEV-001", "Not UTF-8", field, from);
            return "";
        }
    }

    /// <summary>A vector, to be read item by item; its errors are this reader's after <see cref="Adopt"/>.</summary>
    public PresentationReader Vector(string field)
    {
        var content = Opaque(field);
        return new PresentationReader(content, $"{path}.{field}", start + at - content.Length);
    }

    public void Adopt(PresentationReader inner) => Error ??= inner.Error;

    public void Check(bool condition, string ruleId, string reason, string field)
    {
        if (!condition)
        {
            Fail(ruleId, reason, field, at);
        }
    }

    /// <summary>Nothing may follow.</summary>
    public void End(string field) => Check(IsAtEnd, "DEV-001", "Bytes follow the end", field);

    private int Length(string field)
    {
        var from = at;
        var first = Byte(field);
        var (length, least) = (first >> 6) switch
        {
            0 => (first, 0),
            1 => (((first & 0x3f) << 8) | Byte(field), 1 << 6),
            2 => (((first & 0x3f) << 24) | (Byte(field) << 16) | UInt16(field), 1 << 14),
            _ => (-1, 0),
        };
        if (length < least)
        {
            Fail("DEV-001", "A length that is not in its shortest form", field, from);
        }

        return length;
    }

    private ReadOnlyMemory<byte> Take(int length, string field)
    {
        if (Error is not null)
        {
            return default;
        }

        if (length > bytes.Length - at)
        {
            Fail("DEV-001", "Ends too early", field, at);
            return default;
        }

        at += length;
        return bytes.Slice(at - length, length);
    }

    private void Fail(string ruleId, string reason, string field, int where) => Error ??= new SchemaError(ruleId, reason, $"{path}.{field}", start + where);
}

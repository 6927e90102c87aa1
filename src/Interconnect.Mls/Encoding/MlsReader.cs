using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Interconnect.Mls.Encoding;

/// <summary>
/// Reads the presentation language of RFC 9420 section 2.1, strictly. Opaque values are slices of the input, not copies. Every failure is a
/// refusal with the byte offset and the field path.
/// </summary>
internal ref struct MlsReader
{
    private const int MaxDepth = 16;

    private readonly ReadOnlyMemory<byte> data;
    private Frames frames;
    private int depth;
    private int position;
    private int limit;

    public MlsReader(ReadOnlyMemory<byte> data)
    {
        this.data = data;
        limit = data.Length;
    }

    public readonly int Position => position;

    public readonly bool AtEnd => position == limit;

    /// <summary>The bytes from an earlier position up to the present one.</summary>
    public readonly ReadOnlyMemory<byte> Since(int start) => data[start..position];

    public byte U8(string field) => Take(1, field)[0];

    public ushort U16(string field) => BinaryPrimitives.ReadUInt16BigEndian(Take(2, field));

    public uint U32(string field) => BinaryPrimitives.ReadUInt32BigEndian(Take(4, field));

    public ulong U64(string field) => BinaryPrimitives.ReadUInt64BigEndian(Take(8, field));

    public ReadOnlyMemory<byte> Fixed(int length, string field)
    {
        Take(length, field);
        return data.Slice(position - length, length);
    }

    /// <summary>opaque field&lt;V&gt;</summary>
    public ReadOnlyMemory<byte> Opaque(string field)
    {
        var length = Length(field);
        return data.Slice(position - length, length);
    }

    /// <summary>optional&lt;T&gt;: true when T follows.</summary>
    public bool Optional(string field)
    {
        var octet = U8(field);
        if (octet > 1)
        {
            position--;
            Fail(Rules.PresenceOctet, field);
        }

        return octet == 1;
    }

    /// <summary>Enters a vector of structures; reading stops at its end. Returns what <see cref="EndVector"/> needs.</summary>
    public int BeginVector(string field)
    {
        var length = Length(field);
        position -= length;
        var outer = limit;
        limit = position + length;
        Enter(field);
        return outer;
    }

    /// <summary>Leaves the vector, once everything in it is read.</summary>
    public void EndVector(int outer)
    {
        End();
        limit = outer;
        Leave();
    }

    /// <summary>The rest of the input.</summary>
    public ReadOnlyMemory<byte> Rest()
    {
        var rest = data[position..limit];
        position = limit;
        return rest;
    }

    public void Enter(string field)
    {
        if (depth < MaxDepth)
        {
            frames[depth] = field;
        }

        depth++;
    }

    public void Leave() => depth--;

    /// <summary>Demands that the input is used up.</summary>
    public readonly void End()
    {
        if (!AtEnd)
        {
            Fail(Rules.TrailingBytes, "");
        }
    }

    [DoesNotReturn]
    public readonly void Fail(Rule rule, string field) => throw Refusal(rule, field);

    public readonly MlsRefusal Refusal(Rule rule, string field)
    {
        var parts = new List<string>();
        for (var i = 0; i < Math.Min(depth, MaxDepth); i++)
        {
            parts.Add(frames[i]);
        }

        if (field.Length > 0)
        {
            parts.Add(field);
        }

        return new MlsRefusal(new MlsError(rule.Id, rule.Text, position, string.Join('.', parts)));
    }

    // RFC 9420 section 2.1.2: the two high bits of the first octet say how many octets the length has; 0b11 is reserved.
    private int Length(string field)
    {
        var start = position;
        var first = U8(field);
        var size = 1 << (first >> 6);
        if (size == 8)
        {
            position = start;
            Fail(Rules.InvalidLengthPrefix, field);
        }

        var length = first & 0x3f;
        for (var i = 1; i < size; i++)
        {
            length = (length << 8) | U8(field);
        }

        if ((size == 2 && length < 1 << 6) || (size == 4 && length < 1 << 14))
        {
            position = start;
            Fail(Rules.NonMinimalLength, field);
        }

        Take(length, field);
        return length;
    }

    private ReadOnlySpan<byte> Take(int length, string field)
    {
        if (length > limit - position)
        {
            Fail(Rules.Truncated, field);
        }

        var taken = data.Span.Slice(position, length);
        position += length;
        return taken;
    }

    [InlineArray(MaxDepth)]
    private struct Frames
    {
        private string first;
    }
}

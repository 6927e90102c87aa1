using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Interconnect.Content.Cbor;

/// <summary>
/// Reads deterministic CBOR (RFC 8949 section 4.2.1) and nothing else. The first fault sticks: it is kept with its offset and field, and every
/// later read returns a default without moving, so that callers read straight on and look once at the end. Never throws on any input.
/// Written here because the framework's reader orders map keys as RFC 7049 did and tells its faults only as exceptions without a reason.
/// </summary>
internal ref struct CborInput(ReadOnlySpan<byte> input)
{
    private readonly ReadOnlySpan<byte> input = input;
    private readonly List<(string Name, int Index)> path = [];

    /// <summary>The offset of the next item.</summary>
    public int Position { get; private set; }

    /// <summary>The first fault; null while there is none.</summary>
    public ContentError? Error { get; private set; }

    public readonly bool Failed => Error is not null;

    private readonly int Remaining => input.Length - Position;

    /// <summary>Enters a field, so that faults name it; <see cref="Leave"/> goes back.</summary>
    public readonly void Enter(string field, int index = -1) => path.Add((field, index));

    public readonly void Leave() => path.RemoveAt(path.Count - 1);

    /// <summary>Records a fault unless there is one already.</summary>
    public void Fail(ContentReason reason, int offset) => Error ??= new ContentError(reason, offset, FieldPath());

    public readonly ReadOnlySpan<byte> Since(int start) => input[start..Position];

    /// <summary>Consumes a null; false leaves the position where it was.</summary>
    public bool TryReadNull()
    {
        if (Failed || Remaining == 0 || input[Position] != 0xf6)
            return false;

        Position++;
        return true;
    }

    public bool ReadBoolean()
    {
        var start = Position;
        var head = ReadHead();
        if (!Failed && !head.IsSimple(CborHead.False) && !head.IsSimple(CborHead.True))
            FailType(head, start);

        return !Failed && head.Argument == CborHead.True;
    }

    public ulong ReadUnsigned(ulong max, ContentReason above = ContentReason.NumberOutOfRange)
    {
        var start = Position;
        var value = ReadArgument(CborHead.Unsigned);
        if (value <= max)
            return value;

        Fail(above, start);
        return 0;
    }

    /// <summary>The bytes of a byte string of at most <paramref name="max"/>; a view on the input.</summary>
    public ReadOnlySpan<byte> ReadBytes(int max, ContentReason above) => ReadString(CborHead.Bytes, max, above);

    /// <summary>A text string of at most <paramref name="max"/> bytes of valid UTF-8.</summary>
    public string ReadText(int max, ContentReason above)
    {
        var start = Position;
        var bytes = ReadString(CborHead.Text, max, above);
        if (Utf8.IsValid(bytes))
            return Failed ? "" : Encoding.UTF8.GetString(bytes);

        Fail(ContentReason.InvalidUtf8, start);
        return "";
    }

    /// <summary>The item count of an array, at most the bytes that are left.</summary>
    public int ReadArray() => ReadCount(CborHead.Array, 1);

    /// <summary>The pair count of a map, at most half of the bytes that are left.</summary>
    public int ReadMap() => ReadCount(CborHead.Map, 2);

    /// <summary>The head of the next item of any type; its argument is minimal and its form well-formed.</summary>
    public CborHead ReadHead()
    {
        if (Failed)
            return default;

        var start = Position;
        if (Remaining == 0)
            return Refuse(ContentReason.Truncated, start);

        var major = (byte)(input[start] >> 5);
        var info = (byte)(input[start] & 0x1f);
        if (info >= 28)
        {
            var indefinite = info == 31 && major is CborHead.Bytes or CborHead.Text or CborHead.Array or CborHead.Map;
            return Refuse(indefinite ? ContentReason.IndefiniteLength : ContentReason.Malformed, start);
        }

        var width = info < 24 ? 0 : 1 << (info - 24);
        if (Remaining - 1 < width)
            return Refuse(ContentReason.Truncated, start);

        var argument = width switch
        {
            0 => info,
            1 => input[start + 1],
            2 => BinaryPrimitives.ReadUInt16BigEndian(input[(start + 1)..]),
            4 => BinaryPrimitives.ReadUInt32BigEndian(input[(start + 1)..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(input[(start + 1)..]),
        };
        if (major == CborHead.SimpleOrFloat)
        {
            if (info == 24 && argument < 32)
                return Refuse(ContentReason.Malformed, start);
        }
        else if (width > 0 && argument <= LargestOfNarrower(width))
        {
            return Refuse(ContentReason.NotMinimal, start);
        }

        Position += 1 + width;
        return new CborHead(major, info, argument);
    }

    /// <summary>Checks that a string's bytes are there and steps over them.</summary>
    public ReadOnlySpan<byte> TakeBytes(ulong length, int start)
    {
        if (Failed)
            return default;

        if (length > (ulong)Remaining)
        {
            Fail(ContentReason.Truncated, start);
            return default;
        }

        var bytes = input.Slice(Position, (int)length);
        Position += (int)length;
        return bytes;
    }

    /// <summary>Checks that so many items of at least one byte could follow.</summary>
    public int TakeCount(ulong count, int bytesEach, int start)
    {
        if (Failed)
            return 0;

        if (count <= (ulong)(Remaining / bytesEach))
            return (int)count;

        Fail(ContentReason.CountBeyondInput, start);
        return 0;
    }

    /// <summary>Records a fault when anything follows.</summary>
    public void ExpectEnd()
    {
        if (Remaining > 0)
            Fail(ContentReason.TrailingBytes, Position);
    }

    private static ulong LargestOfNarrower(int width) => width switch
    {
        1 => 23,
        2 => byte.MaxValue,
        4 => ushort.MaxValue,
        _ => uint.MaxValue,
    };

    private ReadOnlySpan<byte> ReadString(byte major, int max, ContentReason above)
    {
        var start = Position;
        var length = ReadArgument(major);
        if (length > (ulong)max && length <= (ulong)Remaining)
            Fail(above, start);

        return TakeBytes(length, start);
    }

    private int ReadCount(byte major, int bytesEach)
    {
        var start = Position;
        return TakeCount(ReadArgument(major), bytesEach, start);
    }

    private ulong ReadArgument(byte major)
    {
        var start = Position;
        var head = ReadHead();
        if (!Failed && head.Major != major)
            FailType(head, start);

        return Failed ? 0 : head.Argument;
    }

    private void FailType(CborHead head, int start) => Fail(
        head.Major == CborHead.Tag ? ContentReason.TagNotAllowed : head.IsFloat ? ContentReason.FloatNotAllowed : ContentReason.WrongType,
        start);

    private CborHead Refuse(ContentReason reason, int offset)
    {
        Fail(reason, offset);
        return default;
    }

    private readonly string FieldPath()
    {
        var text = new StringBuilder();
        foreach (var (name, index) in path)
        {
            if (text.Length > 0 && name.Length > 0)
                text.Append('.');

            text.Append(name);
            if (index >= 0)
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
        }

        return text.ToString();
    }
}

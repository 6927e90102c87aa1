namespace Interconnect.Mls.Tests.Hostile;

/// <summary>The form of a structure in the presentation language of RFC 9420 section 2.1, as data. Closed set.</summary>
internal abstract class Shape
{
    private Shape()
    {
    }

    /// <summary>An unsigned number of so many bytes.</summary>
    internal sealed class Number(int size) : Shape
    {
        public int Size => size;
    }

    /// <summary>opaque&lt;V&gt;; with an inner shape when the bytes are a structure themselves.</summary>
    internal sealed class Opaque(Shape? inner = null) : Shape
    {
        public Shape? Inner => inner;
    }

    /// <summary>T&lt;V&gt;</summary>
    internal sealed class Vector(Shape element) : Shape
    {
        public Shape Element => element;
    }

    /// <summary>optional&lt;T&gt;</summary>
    internal sealed class Optional(Shape inner) : Shape
    {
        public Shape Inner => inner;
    }

    /// <summary>One after the other.</summary>
    internal sealed class Struct(params Shape[] fields) : Shape
    {
        public IReadOnlyList<Shape> Fields => fields;
    }

    /// <summary>A number that says what follows; otherwise = what follows an unlisted number, null when nothing may.</summary>
    internal sealed class Choice(int size, IReadOnlyDictionary<ulong, Shape> cases, Shape? otherwise = null) : Shape
    {
        public int Size => size;

        public IReadOnlyDictionary<ulong, Shape> Cases => cases;

        public Shape? Otherwise => otherwise;
    }
}

/// <summary>How the length before a vector is written: as it must be, or wrongly.</summary>
internal enum LengthForm
{
    Minimal,
    TwoBytes,
    FourBytes,
    Reserved,
    OneMore,
    OneLess,
}

/// <summary>A value of a shape, taken apart so that it can be changed in any place.</summary>
internal sealed class Node(Shape shape)
{
    public Shape Shape => shape;

    /// <summary>Of a number, or the selector of a choice, or a presence octet.</summary>
    public ulong Value { get; set; }

    /// <summary>Of an opaque vector without inner shape.</summary>
    public byte[] Bytes { get; set; } = [];

    public List<Node> Children { get; init; } = [];

    public LengthForm Length { get; set; }

    public Node Clone() => new(Shape) { Value = Value, Bytes = (byte[])Bytes.Clone(), Length = Length, Children = Children.Select(child => child.Clone()).ToList() };

    /// <summary>The node and everything below it.</summary>
    public IEnumerable<Node> All() => Children.SelectMany(child => child.All()).Prepend(this);

    /// <summary>Reads a well-formed value; throws when it is not.</summary>
    public static Node Parse(Shape shape, ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        var node = Read(shape, bytes, ref at);
        return at == bytes.Length ? node : throw new FormatException($"{bytes.Length - at} bytes are left");
    }

    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        Write(stream);
        return stream.ToArray();
    }

    private static Node Read(Shape shape, ReadOnlySpan<byte> bytes, ref int at)
    {
        var node = new Node(shape);
        switch (shape)
        {
            case Shape.Number number:
                node.Value = ReadNumber(bytes, ref at, number.Size);
                break;
            case Shape.Opaque opaque:
                var content = bytes.Slice(at + LengthSize(bytes[at]), ReadLength(bytes, ref at));
                at += content.Length;
                if (opaque.Inner is { } inner)
                {
                    node.Children.Add(Parse(inner, content));
                }
                else
                {
                    node.Bytes = content.ToArray();
                }

                break;
            case Shape.Vector vector:
                var end = ReadLength(bytes, ref at);
                end += at;
                while (at < end)
                {
                    node.Children.Add(Read(vector.Element, bytes, ref at));
                }

                break;
            case Shape.Optional optional:
                node.Value = ReadNumber(bytes, ref at, 1);
                if (node.Value == 1)
                {
                    node.Children.Add(Read(optional.Inner, bytes, ref at));
                }

                break;
            case Shape.Struct structure:
                foreach (var field in structure.Fields)
                {
                    node.Children.Add(Read(field, bytes, ref at));
                }

                break;
            case Shape.Choice choice:
                node.Value = ReadNumber(bytes, ref at, choice.Size);
                var chosen = choice.Cases.GetValueOrDefault(node.Value) ?? choice.Otherwise ?? throw new FormatException($"unknown {node.Value}");
                node.Children.Add(Read(chosen, bytes, ref at));
                break;
        }

        return node;
    }

    private static ulong ReadNumber(ReadOnlySpan<byte> bytes, ref int at, int size)
    {
        var value = 0ul;
        for (var i = 0; i < size; i++)
        {
            value = (value << 8) | bytes[at++];
        }

        return value;
    }

    private static int LengthSize(byte first) => 1 << (first >> 6);

    private static int ReadLength(ReadOnlySpan<byte> bytes, ref int at)
    {
        var size = LengthSize(bytes[at]);
        return (int)(ReadNumber(bytes, ref at, size) & ((1ul << ((8 * size) - 2)) - 1));
    }

    private void Write(MemoryStream to)
    {
        switch (Shape)
        {
            case Shape.Number number:
                WriteNumber(to, Value, number.Size);
                break;
            case Shape.Opaque { Inner: null }:
                WriteVector(to, Bytes);
                break;
            case Shape.Opaque or Shape.Vector:
                using (var content = new MemoryStream())
                {
                    Children.ForEach(child => child.Write(content));
                    WriteVector(to, content.ToArray());
                }

                break;
            case Shape.Optional:
                WriteNumber(to, Value, 1);
                Children.ForEach(child => child.Write(to));
                break;
            case Shape.Struct:
                Children.ForEach(child => child.Write(to));
                break;
            case Shape.Choice choice:
                WriteNumber(to, Value, choice.Size);
                Children.ForEach(child => child.Write(to));
                break;
        }
    }

    private void WriteVector(MemoryStream to, byte[] content)
    {
        var said = (ulong)Math.Max(0, content.Length + (Length == LengthForm.OneMore ? 1 : Length == LengthForm.OneLess ? -1 : 0));
        var size = Length switch
        {
            LengthForm.TwoBytes => 2,
            LengthForm.FourBytes => 4,
            LengthForm.Reserved => 8,
            _ => said < 1 << 6 ? 1 : said < 1 << 14 ? 2 : 4,
        };
        var prefix = (ulong)System.Numerics.BitOperations.Log2((uint)size) << ((8 * size) - 2);
        WriteNumber(to, said | prefix, size);
        to.Write(content);
    }

    private static void WriteNumber(MemoryStream to, ulong value, int size)
    {
        for (var i = size - 1; i >= 0; i--)
        {
            to.WriteByte((byte)(value >> (8 * i)));
        }
    }
}

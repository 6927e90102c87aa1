namespace Interconnect.Content.Cbor;

/// <summary>The initial byte and argument of a CBOR item (RFC 8949 section 3).</summary>
/// <param name="Major">The major type, 0 to 7.</param>
/// <param name="Info">The additional information: below 24 the argument itself, 24 to 27 its width.</param>
/// <param name="Argument">The integer, length, count, tag, simple value, or the bits of a float.</param>
internal readonly record struct CborHead(byte Major, byte Info, ulong Argument)
{
    public const byte Unsigned = 0;
    public const byte Negative = 1;
    public const byte Bytes = 2;
    public const byte Text = 3;
    public const byte Array = 4;
    public const byte Map = 5;
    public const byte Tag = 6;
    public const byte SimpleOrFloat = 7;

    public const ulong False = 20;
    public const ulong True = 21;
    public const ulong Null = 22;

    public bool IsFloat => Major == SimpleOrFloat && Info is >= 25 and <= 27;

    public bool IsSimple(ulong value) => Major == SimpleOrFloat && Info <= 24 && Argument == value;
}

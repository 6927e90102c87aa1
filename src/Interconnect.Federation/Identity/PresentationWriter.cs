using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Interconnect.Federation;

/// <summary>Writes the presentation language of RFC 9420 section 2.1: integers big endian, vectors with a variable-size length of 1, 2 or 4 bytes, always the shortest.</summary>
internal sealed class PresentationWriter
{
    private readonly ArrayBufferWriter<byte> written = new(512);

    public ReadOnlySpan<byte> Written => written.WrittenSpan;

    public PresentationWriter Byte(byte value)
    {
        written.Write([value]);
        return this;
    }

    public PresentationWriter UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(written.GetSpan(2), value);
        written.Advance(2);
        return this;
    }

    public PresentationWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(written.GetSpan(8), value);
        written.Advance(8);
        return this;
    }

    public PresentationWriter Opaque(ReadOnlySpan<byte> value)
    {
        Length(value.Length);
        written.Write(value);
        return this;
    }

    public PresentationWriter Opaque(string text) => Opaque(Encoding.UTF8.GetBytes(text));

    public PresentationWriter Raw(ReadOnlySpan<byte> value)
    {
        written.Write(value);
        return this;
    }

    /// <summary>A vector whose items the action writes.</summary>
    public PresentationWriter Vector(Action<PresentationWriter> items)
    {
        var inner = new PresentationWriter();
        items(inner);
        return Opaque(inner.Written);
    }

    private void Length(int length)
    {
        switch (length)
        {
            case < 1 << 6:
                Byte((byte)length);
                break;
            case < 1 << 14:
                UInt16((ushort)(length | 0x4000));
                break;
            default:
                BinaryPrimitives.WriteUInt32BigEndian(written.GetSpan(4), (uint)length | 0x8000_0000);
                written.Advance(4);
                break;
        }
    }
}

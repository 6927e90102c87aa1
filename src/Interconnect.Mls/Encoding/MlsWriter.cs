using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Interconnect.Mls.Encoding;

/// <summary>Writes the presentation language of RFC 9420 section 2.1 into a pooled buffer, which is zeroed when it goes back.</summary>
internal sealed class MlsWriter : IDisposable
{
    private byte[] buffer;
    private int length;

    public MlsWriter(int capacity = 512) => buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, length);

    /// <summary>The same for what keeps it; not beyond <see cref="Dispose"/>, and not while more is written.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => buffer.AsMemory(0, length);

    public int Length => length;

    public void U8(byte value) => Grow(1)[0] = value;

    public void U16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Grow(2), value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Grow(4), value);

    public void U64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Grow(8), value);

    /// <summary>Room for the caller to fill at once.</summary>
    public Span<byte> Reserve(int count) => Grow(count);

    public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Grow(value.Length));

    /// <summary>opaque value&lt;V&gt;</summary>
    public void Opaque(ReadOnlySpan<byte> value)
    {
        WriteLength(Grow(LengthSize(value.Length)), value.Length);
        Raw(value);
    }

    public void Opaque(ReadOnlyMemory<byte> value) => Opaque(value.Span);

    public void Optional(bool present) => U8(present ? (byte)1 : (byte)0);

    /// <summary>Begins a vector whose length is not known yet; returns the mark for <see cref="EndVector"/>.</summary>
    public int BeginVector()
    {
        Grow(1);
        return length;
    }

    /// <summary>Ends the vector: writes its length, moving the content when the length needs more than one octet.</summary>
    public void EndVector(int mark)
    {
        var size = length - mark;
        var extra = LengthSize(size) - 1;
        if (extra > 0)
        {
            Grow(extra);
            buffer.AsSpan(mark, size).CopyTo(buffer.AsSpan(mark + extra));
        }

        WriteLength(buffer.AsSpan(mark - 1, extra + 1), size);
    }

    public byte[] ToArray() => Written.ToArray();

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        length = 0;
    }

    public static int LengthSize(int length) => length switch
    {
        < 1 << 6 => 1,
        < 1 << 14 => 2,
        < 1 << 30 => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(length), "A vector holds less than 2^30 bytes."),
    };

    private static void WriteLength(Span<byte> target, int value)
    {
        switch (target.Length)
        {
            case 1:
                target[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)(value | 0x4000));
                break;
            default:
                BinaryPrimitives.WriteUInt32BigEndian(target, (uint)value | 0x8000_0000);
                break;
        }
    }

    private Span<byte> Grow(int count)
    {
        var start = length;
        if (buffer.Length - length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + count));
            Written.CopyTo(larger);
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        length += count;
        return buffer.AsSpan(start, count);
    }
}

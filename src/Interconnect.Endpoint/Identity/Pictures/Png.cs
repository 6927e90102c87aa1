using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Interconnect.Endpoint;

/// <summary>
/// PNG (ISO/IEC 15948), as much of it as a QR code needs: every colour type and depth is read, in shades of gray; interlaced pictures are not. What the header
/// promises is checked before memory is taken, and no more than that is unpacked.
/// </summary>
internal static class Png
{
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(CrcOf)];

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    public static bool IsPng(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Signature);

    /// <summary>Writes a black and white picture, one bit a pixel.</summary>
    public static byte[] Encode(int width, int height, Func<int, int, bool> isDark)
    {
        var row = ((width + 7) / 8) + 1;
        var raw = new byte[row * height];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                if (!isDark(x, y))
                    raw[(y * row) + 1 + (x / 8)] |= (byte)(0x80 >> (x % 8));
            }
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(raw);

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 1;
        using var png = new MemoryStream();
        png.Write(Signature);
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "IDAT"u8, packed.ToArray());
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    public static bool TryDecode(byte[] bytes, [NotNullWhen(true)] out GrayPicture? picture, [NotNullWhen(false)] out PictureError? error)
    {
        picture = null;
        PngHeader? header = null;
        using var packed = new MemoryStream();
        var palette = Array.Empty<byte>();
        var opacity = Array.Empty<byte>();
        for (var at = Signature.Length; ;)
        {
            // 1. A chunk: length, type, body, checksum.
            var start = at;
            if (bytes.Length - at < 12 || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)) is var length && length > bytes.Length - at - 12)
                return Fail(out error, "a chunk is cut off", start);

            var type = bytes.AsSpan(at + 4, 4);
            var body = bytes.AsSpan(at + 8, (int)length);
            at += 12 + (int)length;
            if (Crc(bytes.AsSpan(start + 4, 4 + body.Length)) != BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at - 4)))
                return Fail(out error, "the checksum of a chunk is wrong", start);

            // 2. The header comes first; what must be understood to read the pixels is kept, and the rest passed over.
            if (header is null && !type.SequenceEqual("IHDR"u8))
                return Fail(out error, "it does not begin with a header", start);

            if (type.SequenceEqual("IHDR"u8))
            {
                if (header is not null || !PngHeader.TryRead(body, out header))
                    return Fail(out error, "the header is not one of PNG, or there are two", start);

                error = !GrayPicture.IsSizeAllowed(header.Width, header.Height) ? PictureError.TooManyPixels : header.Interlaced ? PictureError.Interlaced : null;
                if (error is not null)
                    return false;
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = body.ToArray();
            }
            else if (type.SequenceEqual("tRNS"u8))
            {
                opacity = body.ToArray();
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                packed.Write(body);
            }
            else if (type.SequenceEqual("IEND"u8))
            {
                // 3. The pixels.
                packed.Position = 0;
                picture = PngPixels.Unpack(header!, packed, palette, opacity);
                error = picture is null ? PictureError.Damaged("the pixels cannot be unpacked", start) : null;
                return picture is not null;
            }
            else if ((type[0] & 0x20) == 0)
            {
                return Fail(out error, "it has a chunk that is not known and must be", start);
            }
        }
    }

    private static bool Fail(out PictureError? error, string reason, int offset)
    {
        error = PictureError.Damaged(reason, offset);
        return false;
    }

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        png.Write(number);
        png.Write(type);
        png.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc([.. type, .. body]));
        png.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = CrcTable[(crc ^ b) & 0xFF] ^ (crc >> 8);

        return ~crc;
    }

    private static uint CrcOf(int value)
    {
        var crc = (uint)value;
        for (var i = 0; i < 8; i++)
            crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;

        return crc;
    }
}

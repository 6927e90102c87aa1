using System.Buffers.Binary;
using System.IO.Compression;

namespace Interconnect.Endpoint.Tests.Identity.Pictures;

/// <summary>Writes PNGs of every colour type, depth and filter, also wrong ones.</summary>
internal static class PngWriter
{
    public static byte[] Write(long width, long height, int depth, int colour, byte[] filteredRows, int interlace = 0, params (string Type, byte[] Body)[] more)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(header, (uint)width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), (uint)height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colour, (byte)interlace);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(filteredRows);

        // The data in two chunks, as encoders do.
        var data = packed.ToArray();
        return
        [
            0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10,
            .. Chunk("IHDR", header), .. more.SelectMany(chunk => Chunk(chunk.Type, chunk.Body)),
            .. Chunk("IDAT", data[..(data.Length / 2)]), .. Chunk("IDAT", data[(data.Length / 2)..]), .. Chunk("IEND", []),
        ];
    }

    /// <summary>Puts a filter on every row; the filters take turns, so that each is used.</summary>
    public static byte[] Filter(byte[][] rows, int pixelBytes)
    {
        var result = new List<byte>();
        var above = new byte[rows[0].Length];
        foreach (var (y, row) in rows.Index())
        {
            var filter = y % 5;
            result.Add((byte)filter);
            for (var i = 0; i < row.Length; i++)
            {
                int left = i >= pixelBytes ? row[i - pixelBytes] : 0, corner = i >= pixelBytes ? above[i - pixelBytes] : 0;
                result.Add((byte)(row[i] - Predict(filter, left, above[i], corner)));
            }

            above = row;
        }

        return [.. result];
    }

    public static byte[] Chunk(string type, byte[] body)
    {
        byte[] typed = [.. type.Select(c => (byte)c), .. body];
        var length = new byte[4];
        var crc = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc(typed));
        return [.. length, .. typed, .. crc];
    }

    private static int Predict(int filter, int left, int above, int corner)
    {
        var guess = left + above - corner;
        int[] byDistance = [.. new[] { left, above, corner }.OrderBy(value => Math.Abs(guess - value))];
        return filter switch { 1 => left, 2 => above, 3 => (left + above) / 2, 4 => byDistance[0], _ => 0 };
    }

    /// <summary>Bit by bit, unlike the table in the product.</summary>
    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var bit in bytes.SelectMany(b => Enumerable.Range(0, 8).Select(i => (uint)(b >> i) & 1)))
            crc = ((crc ^ bit) & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;

        return ~crc;
    }
}

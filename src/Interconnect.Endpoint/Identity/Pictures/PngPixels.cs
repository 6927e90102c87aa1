using System.IO.Compression;

namespace Interconnect.Endpoint;

/// <summary>The pixels of a PNG that is not interlaced: unpacked, filters undone (ISO/IEC 15948 section 9), made gray.</summary>
internal static class PngPixels
{
    /// <summary>Null when there are fewer pixels than the header says, a filter is unknown or a colour is not in the palette.</summary>
    public static GrayPicture? Unpack(PngHeader header, Stream packed, byte[] palette, byte[] opacity)
    {
        var picture = new GrayPicture((int)header.Width, (int)header.Height);
        var row = new byte[header.RowBytes];
        var above = new byte[header.RowBytes];
        try
        {
            using var zlib = new ZLibStream(packed, CompressionMode.Decompress, leaveOpen: true);
            for (var y = 0; y < picture.Height; y++)
            {
                var filter = zlib.ReadByte();
                zlib.ReadExactly(row);
                var gray = picture.Pixels.AsSpan(y * picture.Width, picture.Width);
                if (!TryUnfilter(filter, row, above, header.PixelBytes) || !TryToGray(header, row, palette, opacity, gray))
                    return null;

                (row, above) = (above, row);
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException)
        {
            return null;
        }

        return picture;
    }

    private static bool TryUnfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        if (filter is < 0 or > 4)
            return false;

        for (var i = 0; i < row.Length; i++)
        {
            var left = i >= pixel ? row[i - pixel] : 0;
            var corner = i >= pixel ? above[i - pixel] : 0;
            row[i] += filter switch
            {
                1 => (byte)left,
                2 => above[i],
                3 => (byte)((left + above[i]) / 2),
                4 => (byte)Paeth(left, above[i], corner),
                _ => 0,
            };
        }

        return true;
    }

    private static int Paeth(int left, int above, int corner)
    {
        var guess = left + above - corner;
        var (byLeft, byAbove, byCorner) = (Math.Abs(guess - left), Math.Abs(guess - above), Math.Abs(guess - corner));
        return byLeft <= byAbove && byLeft <= byCorner ? left : byAbove <= byCorner ? above : corner;
    }

    private static bool TryToGray(PngHeader header, ReadOnlySpan<byte> row, byte[] palette, byte[] opacity, Span<byte> gray)
    {
        for (var x = 0; x < gray.Length; x++)
        {
            switch (header.Colour)
            {
                case PngColour.Gray:
                    gray[x] = (byte)(Sample(header, row, x, 0) * 255 / MaxSample(header));
                    break;
                case PngColour.GrayAlpha:
                    var shade = Sample(header, row, x, 0);
                    gray[x] = GrayPicture.ToGray(shade, shade, shade, Sample(header, row, x, 1));
                    break;
                case PngColour.Rgb:
                    gray[x] = GrayPicture.ToGray(Sample(header, row, x, 0), Sample(header, row, x, 1), Sample(header, row, x, 2));
                    break;
                case PngColour.RgbAlpha:
                    gray[x] = GrayPicture.ToGray(Sample(header, row, x, 0), Sample(header, row, x, 1), Sample(header, row, x, 2), Sample(header, row, x, 3));
                    break;
                case PngColour.Palette:
                    var colour = Sample(header, row, x, 0);
                    if ((colour * 3) + 2 >= palette.Length)
                        return false;

                    var alpha = colour < opacity.Length ? opacity[colour] : 255;
                    gray[x] = GrayPicture.ToGray(palette[colour * 3], palette[(colour * 3) + 1], palette[(colour * 3) + 2], alpha);
                    break;
            }
        }

        return true;
    }

    private static int MaxSample(PngHeader header) => header.Depth >= 8 ? 255 : (1 << header.Depth) - 1;

    /// <summary>One channel of one pixel; of 16 bits the upper 8.</summary>
    private static int Sample(PngHeader header, ReadOnlySpan<byte> row, int x, int channel)
    {
        if (header.Depth >= 8)
            return row[((x * header.Channels) + channel) * (header.Depth / 8)];

        var bit = x * header.Depth;
        return row[bit / 8] >> (8 - header.Depth - (bit % 8)) & MaxSample(header);
    }
}

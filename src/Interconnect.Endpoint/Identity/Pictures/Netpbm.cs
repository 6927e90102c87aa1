using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Endpoint;

/// <summary>The plain and raw bitmap (P1, P4), graymap (P5) and pixmap (P6) of Netpbm, with at most 255 shades.</summary>
internal static class Netpbm
{
    public static bool IsNetpbm(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 2 && bytes[0] == 'P' && bytes[1] is (byte)'1' or (byte)'4' or (byte)'5' or (byte)'6';

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GrayPicture? picture, [NotNullWhen(false)] out PictureError? error)
    {
        picture = null;
        var kind = bytes[1];
        var at = 2;
        var shades = 1;
        if (!TryNumber(bytes, ref at, out var width)
            || !TryNumber(bytes, ref at, out var height)
            || (kind is (byte)'5' or (byte)'6' && !TryNumber(bytes, ref at, out shades)))
        {
            error = PictureError.Damaged("the header is not numbers", at);
            return false;
        }

        if (!GrayPicture.IsSizeAllowed(width, height))
        {
            error = PictureError.TooManyPixels;
            return false;
        }

        if (shades is 0 or > 255)
        {
            error = PictureError.Damaged("1 to 255 shades can be read", at);
            return false;
        }

        var result = new GrayPicture(width, height);
        if (kind == '1' ? !TryPlainBits(bytes, ref at, result) : !TryRaw(bytes, at + 1, kind, shades, result))
        {
            error = PictureError.Damaged("there are fewer pixels than the header says, or others", at);
            return false;
        }

        picture = result;
        error = null;
        return true;
    }

    private static bool TryPlainBits(ReadOnlySpan<byte> bytes, ref int at, GrayPicture picture)
    {
        for (var i = 0; i < picture.Pixels.Length; i++)
        {
            SkipBlanks(bytes, ref at);
            if (at >= bytes.Length || bytes[at] is not ((byte)'0' or (byte)'1'))
                return false;

            picture.Pixels[i] = bytes[at++] == '1' ? (byte)0 : (byte)255;
        }

        return true;
    }

    private static bool TryRaw(ReadOnlySpan<byte> bytes, int at, byte kind, int shades, GrayPicture picture)
    {
        var row = kind switch
        {
            (byte)'4' => (picture.Width + 7) / 8,
            (byte)'5' => picture.Width,
            _ => picture.Width * 3,
        };
        if (bytes.Length - at < (long)row * picture.Height)
            return false;

        for (var y = 0; y < picture.Height; y++)
        {
            var line = bytes.Slice(at + (y * row), row);
            var gray = picture.Pixels.AsSpan(y * picture.Width, picture.Width);
            for (var x = 0; x < gray.Length; x++)
            {
                gray[x] = kind switch
                {
                    (byte)'4' => (line[x / 8] >> (7 - (x % 8)) & 1) == 1 ? (byte)0 : (byte)255,
                    (byte)'5' => Scale(line[x], shades),
                    _ => GrayPicture.ToGray(Scale(line[x * 3], shades), Scale(line[(x * 3) + 1], shades), Scale(line[(x * 3) + 2], shades)),
                };
            }
        }

        return true;
    }

    private static byte Scale(byte value, int shades) => (byte)(Math.Min(value, shades) * 255 / shades);

    private static bool TryNumber(ReadOnlySpan<byte> bytes, ref int at, out int number)
    {
        SkipBlanks(bytes, ref at);
        number = 0;
        var start = at;
        while (at < bytes.Length && bytes[at] is >= (byte)'0' and <= (byte)'9' && at - start < 6)
            number = (number * 10) + bytes[at++] - '0';

        return at > start;
    }

    /// <summary>White space, and comments from # to the end of the line.</summary>
    private static void SkipBlanks(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length && (bytes[at] is (byte)' ' or (>= 9 and <= 13) or (byte)'#'))
        {
            if (bytes[at++] == '#')
            {
                while (at < bytes.Length && bytes[at] != '\n')
                    at++;
            }
        }
    }
}

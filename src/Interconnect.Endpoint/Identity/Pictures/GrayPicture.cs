namespace Interconnect.Endpoint;

/// <summary>A picture in shades of gray, one byte a pixel, row by row from the top, 0 being black.</summary>
internal sealed class GrayPicture
{
    /// <summary>Most pixels a side.</summary>
    public const int MaxSide = 8_192;

    /// <summary>Most pixels in all, so that a small file does not become much memory.</summary>
    public const int MaxPixels = 16_000_000;

    public GrayPicture(int width, int height)
    {
        Width = width;
        Height = height;
        Pixels = new byte[width * height];
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] Pixels { get; }

    public static bool IsSizeAllowed(long width, long height) => width is > 0 and <= MaxSide && height is > 0 and <= MaxSide && width * height <= MaxPixels;

    /// <summary>The brightness of a colour on white paper (ITU-R BT.601 weights).</summary>
    public static byte ToGray(int red, int green, int blue, int alpha = 255)
    {
        var gray = ((red * 299) + (green * 587) + (blue * 114)) / 1_000;
        return (byte)(((gray * alpha) + (255 * (255 - alpha))) / 255);
    }
}

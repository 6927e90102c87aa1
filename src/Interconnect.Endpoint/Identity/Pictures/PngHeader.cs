using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Endpoint;

/// <summary>The IHDR chunk of a PNG (ISO/IEC 15948 section 11.2.2).</summary>
internal sealed record PngHeader(long Width, long Height, int Depth, PngColour Colour, bool Interlaced)
{
    private const int Size = 13;

    public int Channels => Colour switch
    {
        PngColour.Gray or PngColour.Palette => 1,
        PngColour.GrayAlpha => 2,
        PngColour.Rgb => 3,
        PngColour.RgbAlpha => 4,
    };

    /// <summary>Bytes of a row without its filter byte.</summary>
    public int RowBytes => (int)(((Width * Depth * Channels) + 7) / 8);

    /// <summary>Bytes from a pixel to the one left of it, as the filters count.</summary>
    public int PixelBytes => Math.Max(1, Depth * Channels / 8);

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out PngHeader? header)
    {
        header = null;
        if (body.Length != Size || body[10] != 0 || body[11] != 0 || body[12] > 1 || !Enum.IsDefined((PngColour)body[9]))
            return false;

        var colour = (PngColour)body[9];
        var depths = colour switch
        {
            PngColour.Gray => (ReadOnlySpan<byte>)[1, 2, 4, 8, 16],
            PngColour.Palette => [1, 2, 4, 8],
            PngColour.Rgb or PngColour.GrayAlpha or PngColour.RgbAlpha => [8, 16],
        };
        if (!depths.Contains(body[8]))
            return false;

        header = new PngHeader(BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]), body[8], colour, body[12] == 1);
        return true;
    }
}

/// <summary>The colour types of PNG.</summary>
internal enum PngColour : byte
{
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    RgbAlpha = 6,
}

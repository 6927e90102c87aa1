using System.Text;
using ZXing;
using ZXing.Common;
using ZXing.QrCode.Internal;

namespace Interconnect.Endpoint;

/// <summary>
/// A text as a QR code (ISO/IEC 18004), error correction level M with a margin of four modules, and back. The only place that knows the QR library.
/// </summary>
internal static class QrPicture
{
    /// <summary>Most characters read out of a code; the largest holds 2,953 bytes.</summary>
    public const int MaxTextLength = 4_096;

    private const int Margin = 4;

    /// <summary>Two rows a line, in half blocks.</summary>
    /// <param name="text">ASCII.</param>
    /// <param name="lightText">True for a terminal that writes light on dark, where a printed block is light.</param>
    public static string ToTerminal(string text, bool lightText)
    {
        var code = Encode(text);
        var size = code.Width + (2 * Margin);
        var picture = new StringBuilder();
        for (var y = 0; y < size; y += 2)
        {
            for (var x = 0; x < size; x++)
            {
                picture.Append((IsDark(code, x, y) != lightText, IsDark(code, x, y + 1) != lightText) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }

            picture.Append('\n');
        }

        return picture.ToString();
    }

    public static byte[] ToPng(string text, int pixelsOfModule)
    {
        var code = Encode(text);
        var side = (code.Width + (2 * Margin)) * pixelsOfModule;
        return Png.Encode(side, side, (x, y) => IsDark(code, x / pixelsOfModule, y / pixelsOfModule));
    }

    public static QrPictureReading Read(string path) =>
        PictureFile.TryRead(path, out var picture, out var error) ? Read(picture) : new QrPictureReading.Refused(error);

    public static QrPictureReading Read(GrayPicture picture)
    {
        var reader = new BarcodeReaderGeneric
        {
            Options = new DecodingOptions { PossibleFormats = [BarcodeFormat.QR_CODE], TryHarder = true, TryInverted = true },
        };
        try
        {
            var source = new RGBLuminanceSource(picture.Pixels, picture.Width, picture.Height, RGBLuminanceSource.BitmapFormat.Gray8);
            if (reader.Decode(source)?.Text is { Length: > 0 and <= MaxTextLength } text)
                return new QrPictureReading.Found(text);
        }
        catch (Exception failure) when (
            failure is ArgumentException or ArithmeticException or ReaderException or IndexOutOfRangeException or InvalidOperationException)
        {
            // The library trips over some pictures; for the person that is the same as no code.
            return new QrPictureReading.Refused(PictureError.NoCode);
        }

        return new QrPictureReading.Refused(PictureError.NoCode);
    }

    private static ByteMatrix Encode(string text) => ZXing.QrCode.Internal.Encoder.encode(text, ErrorCorrectionLevel.M).Matrix;

    private static bool IsDark(ByteMatrix code, int x, int y)
    {
        var (column, row) = (x - Margin, y - Margin);
        return column >= 0 && row >= 0 && column < code.Width && row < code.Height && code[column, row] == 1;
    }
}

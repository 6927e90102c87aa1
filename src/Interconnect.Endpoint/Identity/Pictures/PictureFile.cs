using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Endpoint;

/// <summary>A picture file that a person gives: PNG, PBM, PGM or PPM, bounded before anything is decoded.</summary>
internal static class PictureFile
{
    /// <summary>Most bytes of a file.</summary>
    public const int MaxBytes = 16 << 20;

    public static bool TryRead(string path, [NotNullWhen(true)] out GrayPicture? picture, [NotNullWhen(false)] out PictureError? error)
    {
        picture = null;
        byte[] bytes;
        try
        {
            using var file = File.OpenRead(path);

            // A device or pipe has no length, so what was read is counted too.
            bytes = new byte[Math.Min(file.CanSeek && file.Length > 0 ? file.Length : MaxBytes, MaxBytes) + 1];
            var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read > MaxBytes)
            {
                error = PictureError.TooLarge;
                return false;
            }

            bytes = bytes[..read];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error = PictureError.NoAccess;
            return false;
        }

        return TryDecode(bytes, out picture, out error);
    }

    public static bool TryDecode(byte[] bytes, [NotNullWhen(true)] out GrayPicture? picture, [NotNullWhen(false)] out PictureError? error)
    {
        if (Png.IsPng(bytes))
            return Png.TryDecode(bytes, out picture, out error);

        if (Netpbm.IsNetpbm(bytes))
            return Netpbm.TryDecode(bytes, out picture, out error);

        picture = null;
        error = PictureError.UnknownFormat;
        return false;
    }
}

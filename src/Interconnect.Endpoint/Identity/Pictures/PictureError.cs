namespace Interconnect.Endpoint;

/// <summary>Why a picture file gave no QR code. Holds nothing of the file but the place.</summary>
/// <param name="RuleId">The rule, <c>SAF-010</c> to <c>SAF-016</c>; the README lists them.</param>
/// <param name="Reason">Plain words: what is wrong and what to do.</param>
/// <param name="Offset">Bytes from the start of the file where known, else null.</param>
public sealed record PictureError(string RuleId, string Reason, long? Offset = null)
{
    internal static PictureError NoAccess => new("SAF-010", "The picture file cannot be read; check its name and that it may be read");

    internal static PictureError TooLarge => new(
        "SAF-011", $"The picture file has more than {PictureFile.MaxBytes >> 20} MiB; cut out the QR code and save it alone");

    internal static PictureError UnknownFormat => new("SAF-012", "The file is no PNG, PBM, PGM or PPM picture; save it as PNG");

    internal static PictureError TooManyPixels => new(
        "SAF-013",
        $"A picture has 1 to {GrayPicture.MaxSide} pixels a side and at most {GrayPicture.MaxPixels / 1_000_000} million in all; "
        + "cut out the QR code and save it alone");

    internal static PictureError Interlaced => new("SAF-015", "The PNG is interlaced; save it without");

    internal static PictureError NoCode => new("SAF-016", "No QR code was found in the picture; it must be sharp, whole and have a light margin");

    internal static PictureError Damaged(string reason, long offset) => new("SAF-014", $"The picture is damaged: {reason}", offset);

    /// <summary>One line.</summary>
    public override string ToString() => Offset is { } at ? $"{RuleId}: {Reason} (byte {at})" : $"{RuleId}: {Reason}";
}

namespace Interconnect.Endpoint;

/// <summary>What looking for a QR code in a picture file led to.</summary>
public abstract record QrPictureReading
{
    private QrPictureReading()
    {
    }

    /// <summary>A QR code was found.</summary>
    public sealed record Found : QrPictureReading
    {
        internal Found(string text) => Text = text;

        /// <summary>What the code says; of anybody's making, and perhaps a secret.</summary>
        public string Text { get; }

        /// <summary>Redacted.</summary>
        public override string ToString() => "Found(redacted)";
    }

    /// <summary>There is none, or the file is not a picture that can be read.</summary>
    public sealed record Refused(PictureError Error) : QrPictureReading;
}

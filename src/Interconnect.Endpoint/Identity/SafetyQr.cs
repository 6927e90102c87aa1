using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// What a safety number covers, for two users to scan from each other's screen. The payload is five lines of ASCII with a line feed between them: "interconnect
/// safety 2", a user's URI, the fingerprint of the user's identity key, and both of the other user; the user whose URI is ordinally smaller comes first, so that
/// both users show the same picture. It is no URL: opening it does nothing.
/// <para>fingerprint = base64url(SHA-256(UTF-8 of "interconnect identity fingerprint 1" ‖ str(user URI) ‖ str(identity key))), str(x) = u32 length ‖ bytes.</para>
/// </summary>
public sealed class SafetyQr
{
    private const string Label = "interconnect safety ";
    private const string Version = "2";
    private const int PixelsOfModule = 8;

    private readonly UserUri own;
    private readonly UserUri peer;
    private readonly string ownPrint;
    private readonly string printOfPeer;

    private SafetyQr(UserUri own, string ownPrint, UserUri peer, string printOfPeer)
    {
        (this.own, this.ownPrint, this.peer, this.printOfPeer) = (own, ownPrint, peer, printOfPeer);
        string[] lines = string.CompareOrdinal(own.Value, peer.Value) <= 0
            ? [Label + Version, own.Value, ownPrint, peer.Value, printOfPeer]
            : [Label + Version, peer.Value, printOfPeer, own.Value, ownPrint];
        Payload = string.Join('\n', lines);
    }

    /// <summary>What the code says.</summary>
    public string Payload { get; }

    /// <summary>The safety data of oneself and another user, as known here.</summary>
    /// <exception cref="ArgumentException">An identity key does not have 32 bytes.</exception>
    public static SafetyQr Of(UserUri own, ReadOnlySpan<byte> ownIdentity, UserUri peer, ReadOnlySpan<byte> identityOfPeer) =>
        new(own, Fingerprint(own, ownIdentity), peer, Fingerprint(peer, identityOfPeer));

    /// <summary>Looks for a QR code in a PNG, PBM, PGM or PPM file of at most 16 MiB and 16 million pixels.</summary>
    public static QrPictureReading ReadPicture(string path) => QrPicture.Read(path);

    /// <summary>The code for a terminal, in half-block characters.</summary>
    /// <param name="lightText">False for a terminal that writes dark on light.</param>
    public string ToTerminal(bool lightText = true) => QrPicture.ToTerminal(Payload, lightText);

    /// <summary>The code as a PNG file.</summary>
    public byte[] ToPng() => QrPicture.ToPng(Payload, PixelsOfModule);

    /// <summary>Compares what was scanned with what is known here.</summary>
    public SafetyQrCheck Check(string payload)
    {
        // 1. It is safety data of this version, and well-formed.
        var lines = payload.Length > QrPicture.MaxTextLength ? [] : payload.TrimEnd('\n').Split('\n');
        if (lines.Length == 0 || !lines[0].StartsWith(Label, StringComparison.Ordinal))
            return new SafetyQrCheck.Unreadable("SAF-020", "The code holds no safety number");

        if (lines[0] != Label + Version)
            return new SafetyQrCheck.Unreadable("SAF-021", "The code is of another version; both need the same version of the program");

        if (lines.Length != 5 || !IsUser(lines[1]) || !IsUser(lines[3]) || !IsFingerprint(lines[2]) || !IsFingerprint(lines[4]))
            return new SafetyQrCheck.Unreadable("SAF-022", "The code is not two users with a fingerprint each");

        // 2. It is about the same two users.
        var first = string.CompareOrdinal(own.Value, peer.Value) <= 0;
        var (ownAt, peerAt) = first ? (1, 3) : (3, 1);
        if (lines[ownAt] != own.Value || lines[peerAt] != peer.Value)
            return new SafetyQrCheck.Mismatch("SAF-023", "The code is about two other users");

        // 3. It names the same two keys.
        return (lines[ownAt + 1] == ownPrint, lines[peerAt + 1] == printOfPeer) switch
        {
            (true, true) => new SafetyQrCheck.Match(),
            (false, true) => new SafetyQrCheck.Mismatch("SAF-024", "They know another identity key of yours than you have"),
            (true, false) => new SafetyQrCheck.Mismatch("SAF-024", "Their identity key is another than the one known here"),
            (false, false) => new SafetyQrCheck.Mismatch("SAF-024", "Both identity keys are other than those known here"),
        };
    }

    /// <summary>Redacted; users are personal identifiers.</summary>
    public override string ToString() => "SafetyQr(redacted)";

    private static bool IsUser(string text) => UserUri.TryParse(text, out var user) && user.Value == text;

    private static bool IsFingerprint(string text) =>
        Base64Url.IsValid(text, out var length) && length == SHA256.HashSizeInBytes && Base64Url.EncodeToString(Base64Url.DecodeFromChars(text)) == text;

    private static string Fingerprint(UserUri user, ReadOnlySpan<byte> identity)
    {
        if (identity.Length != SafetyNumber.IdentityKeySize)
            throw new ArgumentException($"An identity key has {SafetyNumber.IdentityKeySize} bytes.", nameof(identity));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("interconnect identity fingerprint 1"u8);
        AppendWithLength(hash, Encoding.UTF8.GetBytes(user.Value));
        AppendWithLength(hash, identity);
        return Base64Url.EncodeToString(hash.GetHashAndReset());
    }

    private static void AppendWithLength(IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

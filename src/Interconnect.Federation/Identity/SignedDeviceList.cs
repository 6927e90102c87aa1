using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Interconnect.Federation;

/// <summary>Checks a SignWithLabel signature (RFC 9420 section 5.1.2) of an MLS cipher suite; false for a suite or key that it does not know, too.</summary>
public delegate bool SignatureCheck(ushort suite, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature);

/// <summary>
/// A device list with its signature:
/// <code>struct { uint16 version = 1; DeviceList list; opaque signer&lt;V&gt;; uint16 signer_suite; opaque signature&lt;V&gt;; } SignedDeviceList;</code>
/// The signature is SignWithLabel over everything before it. Reading one checks its form; whether it is the user's is for <see cref="DeviceChain"/> to say.
/// </summary>
public sealed class SignedDeviceList
{
    /// <summary>Largest encoded list in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The suite of identity keys: Ed25519.</summary>
    public const ushort IdentitySuite = 1;

    /// <summary>SignWithLabel label of a list that the identity key signs.</summary>
    public const string IdentityLabel = "DeviceListByIdentityTBS";

    /// <summary>SignWithLabel label of a list that a device signs.</summary>
    public const string DeviceLabel = "DeviceListByDeviceTBS";

    internal const int MaxSignatureBytes = 512;

    private const ushort FormatVersion = 1;

    private SignedDeviceList(DeviceList list, ClientUri? signer, ushort signerSuite, ReadOnlyMemory<byte> signed, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> encoded)
    {
        List = list;
        Signer = signer;
        SignerSuite = signerSuite;
        SignedContent = signed;
        Signature = signature;
        Encoded = encoded;
        Hash = SHA256.HashData(encoded.Span);
    }

    /// <summary>What was signed.</summary>
    public DeviceList List { get; }

    /// <summary>The device that signed; null for the identity key.</summary>
    public ClientUri? Signer { get; }

    /// <summary>The suite of the signer's key.</summary>
    public ushort SignerSuite { get; }

    /// <summary>The signature.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>All of it as bytes; one value has one encoding.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>SHA-256 of <see cref="Encoded"/>: what the next list names as the one before.</summary>
    public ReadOnlyMemory<byte> Hash { get; }

    internal ReadOnlyMemory<byte> SignedContent { get; }

    /// <summary>Signs a list with the user's identity key.</summary>
    /// <param name="list">A first list, of an identity or an era.</param>
    /// <param name="sign">Makes a SignWithLabel signature of a label and a content with the identity key.</param>
    public static SignedDeviceList ByIdentity(DeviceList list, Func<string, byte[], byte[]> sign) => Sign(list, null, IdentitySuite, IdentityLabel, sign);

    /// <summary>Signs a list with a device's key.</summary>
    /// <param name="list">A later list of an era.</param>
    /// <param name="signer">The device, which the list before lets authorise.</param>
    /// <param name="suite">The suite of its key.</param>
    /// <param name="sign">Makes a SignWithLabel signature of a label and a content with that key.</param>
    public static SignedDeviceList ByDevice(DeviceList list, ClientUri signer, ushort suite, Func<string, byte[], byte[]> sign) => Sign(list, signer, suite, DeviceLabel, sign);

    /// <summary>Reads one. Never throws.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out SignedDeviceList? signed, [NotNullWhen(false)] out SchemaError? error)
    {
        signed = null;
        if (bytes.Length > MaxBytes)
        {
            error = new SchemaError("DEV-002", $"Larger than {MaxBytes} bytes", "device_list");
            return false;
        }

        var reader = new PresentationReader(bytes, "device_list");
        reader.Check(reader.UInt16("version") == FormatVersion, "DEV-003", "A version this code does not read", "version");
        var list = DeviceList.Read(reader);
        var name = reader.Text("signer");
        var suite = reader.UInt16("signer_suite");
        var signature = reader.Opaque("signature");
        ClientUri? signer = null;
        if (name.Length > 0)
        {
            var named = ClientUri.TryParse(name, out signer) && signer.Value == name;
            reader.Check(named, "DEV-004", "Not a client URI in canonical form", "signer");
            reader.Check(signer is null || signer.Owner == list?.User, "DEV-005", "A device of another user", "signer");
        }

        reader.Check(name.Length > 0 || suite == IdentitySuite, "DEV-006", "An identity key is of suite 1", "signer_suite");
        reader.Check(signature.Length is > 0 and <= MaxSignatureBytes, "DEV-006", "A signature is 1 to 512 bytes", "signature");
        reader.End("end");
        error = reader.Error;
        if (error is null)
        {
            signed = new SignedDeviceList(list!, signer, suite, Content(list!, signer, suite), signature, bytes);
        }

        return signed is not null;
    }

    /// <summary>Whether both are the same bytes.</summary>
    public bool Is(SignedDeviceList other) => Hash.Span.SequenceEqual(other.Hash.Span);

    /// <summary>Redacted: names a person.</summary>
    public override string ToString() => $"SignedDeviceList(era {List.Era}, version {List.Version})";

    private static SignedDeviceList Sign(DeviceList list, ClientUri? signer, ushort suite, string label, Func<string, byte[], byte[]> sign)
    {
        var content = Content(list, signer, suite);
        var signature = sign(label, content);
        var encoded = new PresentationWriter().Raw(content).Opaque(signature).Written.ToArray();
        return TryDecode(encoded, out var signed, out var error) ? signed : throw new ArgumentException($"The list cannot be signed: {error}", nameof(list));
    }

    private static byte[] Content(DeviceList list, ClientUri? signer, ushort suite) =>
        new PresentationWriter().UInt16(FormatVersion).Raw(list.Encode()).Opaque(signer?.Value ?? "").UInt16(suite).Written.ToArray();
}

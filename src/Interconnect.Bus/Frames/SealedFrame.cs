using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Bus.Frames;

/// <summary>
/// A frame's head, read and not yet believed. Version 2:
/// <c>u8 0xB5, u8 version = 2, u8 length, signer (ASCII), u64 key id, 64 bytes signature, content</c>; big endian. The signature (Ed25519) is over
/// <c>"Interconnect bus frame 2", 0x00, u8 length, stream, u8 length, signer, u64 key id, SHA-256(content)</c>: the stream without its partition, so that a frame which an
/// operator moves, or which was parked, stays whose it is, and counts in no other stream. A digest, so that nothing is copied to be signed.
/// </summary>
internal sealed class SealedFrame
{
    public const byte Mark = 0xB5;
    public const byte Version = 2;

    /// <summary>Longest signer name: <c>adapter:</c> and a network's id.</summary>
    public const int MaxSigner = 8 + NetworkId.MaxLength;

    /// <summary>Largest head in bytes.</summary>
    public const int MaxHeadBytes = 3 + MaxSigner + 8 + SignatureBytes;

    private const int SignatureBytes = 64;
    private const byte UnsignedVersion = 1;
    private static readonly byte[] Label = Encoding.ASCII.GetBytes("Interconnect bus frame 2\0");

    private readonly ReadOnlyMemory<byte> signature;

    private SealedFrame(string signer, ulong keyId, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> content, int headBytes)
    {
        Signer = signer;
        KeyId = keyId;
        this.signature = signature;
        Content = content;
        HeadBytes = headBytes;
    }

    /// <summary>Who it says signed it.</summary>
    public string Signer { get; }

    public ulong KeyId { get; }

    /// <summary>What follows the head.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    public int HeadBytes { get; }

    public static int HeadBytesOf(BusSender sender) => 3 + sender.Name.Length + 8 + SignatureBytes;

    /// <summary>Writes the head in front of the content that stands in <paramref name="frame"/> already, from <see cref="HeadBytesOf"/> on.</summary>
    public static void WriteHead(Span<byte> frame, BusSender sender, RoleKey key, BusAddress address)
    {
        var name = sender.Name;
        frame[0] = Mark;
        frame[1] = Version;
        frame[2] = (byte)name.Length;
        Encoding.ASCII.GetBytes(name, frame[3..]);
        var at = 3 + name.Length;
        BinaryPrimitives.WriteUInt64BigEndian(frame[at..], key.Public.Id);
        Span<byte> signed = stackalloc byte[SignedBytes];
        key.Sign(signed[..Signed(signed, address, name, key.Public.Id, frame[HeadBytesOf(sender)..])], frame.Slice(at + 8, SignatureBytes));
    }

    /// <summary>Reads the head. Never throws.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> frame, [NotNullWhen(true)] out SealedFrame? read, [NotNullWhen(false)] out FrameReading.Broken? broken)
    {
        read = null;
        var bytes = frame.Span;
        broken = bytes.Length > BusFrameCodec.MaxBytes ? Broken("BUS-001", $"Larger than {BusFrameCodec.MaxBytes} bytes", "frame", 0)
            : bytes.Length < 2 || bytes[0] != Mark ? Broken("BUS-002", "Not a bus frame", "frame.mark", 0)
            : bytes[1] == UnsignedVersion ? Broken("BUS-008", "The frame is not signed; it was made by a version before signatures", "frame.version", 1)
            : bytes[1] != Version ? Broken("BUS-003", $"Version {bytes[1]} is not known; this reads version {Version}", "frame.version", 1)
            : null;
        if (broken is not null)
        {
            return false;
        }

        var length = bytes.Length > 2 ? bytes[2] : 0;
        if (length is 0 or > MaxSigner || bytes.Length < 3 + length + 8 + SignatureBytes || !Ascii.IsValid(bytes.Slice(3, length)))
        {
            broken = Broken("BUS-009", "The frame's head is cut off or names no signer", "frame.signer", 2);
            return false;
        }

        var at = 3 + length;
        read = new SealedFrame(
            Encoding.ASCII.GetString(bytes.Slice(3, length)), BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]), frame.Slice(at + 8, SignatureBytes), frame[(at + 8 + SignatureBytes)..],
            at + 8 + SignatureBytes);
        return true;
    }

    /// <summary>Whether the signature is this key's, for this stream.</summary>
    public bool IsSignedBy(RolePublicKey key, BusAddress address)
    {
        Span<byte> signed = stackalloc byte[SignedBytes];
        return key.Verify(signed[..Signed(signed, address, Signer, KeyId, Content.Span)], signature.Span);
    }

    // Label, stream and signer with their lengths, key id, digest.
    private const int SignedBytes = 32 + 2 + (2 * MaxSigner) + 8 + 32;

    private static int Signed(Span<byte> target, BusAddress address, string signer, ulong keyId, ReadOnlySpan<byte> content)
    {
        Label.CopyTo(target);
        var at = Label.Length;
        foreach (var text in (ReadOnlySpan<string>)[address.Name, signer])
        {
            target[at++] = (byte)text.Length;
            at += Encoding.ASCII.GetBytes(text, target[at..]);
        }

        BinaryPrimitives.WriteUInt64BigEndian(target[at..], keyId);
        at += 8;
        return at + SHA256.HashData(content, target[at..]);
    }

    // Whatever has no head that can be read is nobody's.
    private static FrameReading.Broken Broken(string rule, string reason, string path, int offset) => new(new FrameError(rule, reason, path, offset)) { IsUnauthentic = true };
}

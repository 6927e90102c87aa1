using System.Buffers.Binary;
using System.Text;

namespace Interconnect.Federation;

/// <summary>Binds an event to the client that made it, with the client's MLS signature key. Carried unchanged to the recipients, who can check it too.</summary>
/// <param name="FrameId">The frame's id; the hub takes it once.</param>
/// <param name="Client">The client that signs.</param>
/// <param name="CreatedAt">When, whole milliseconds.</param>
/// <param name="CipherSuite">MLS cipher suite whose signature scheme is used.</param>
/// <param name="SignatureKey">Public key, at most 256 bytes.</param>
/// <param name="Signature">MLS SignWithLabel (RFC 9420 section 5.1.2) with <see cref="Label"/> over <see cref="SignedContent"/>; at most 512 bytes.</param>
public sealed record FrameProof(FrameId FrameId, ClientUri Client, DateTimeOffset CreatedAt, ushort CipherSuite, ReadOnlyMemory<byte> SignatureKey, ReadOnlyMemory<byte> Signature)
{
    /// <summary>The SignWithLabel label.</summary>
    public const string Label = "EndpointFrameTBS";

    /// <summary>What is signed: u32 version 1, u16 suite, u64 created milliseconds, 16 bytes frame id, u32 length and client URI, u32 length and event bytes; big endian.</summary>
    public static byte[] SignedContent(FrameId frame, ClientUri client, DateTimeOffset createdAt, ushort cipherSuite, ReadOnlySpan<byte> encodedEvent)
    {
        var name = Encoding.UTF8.GetBytes(client.Value);
        var content = new byte[4 + 2 + 8 + FrameId.Size + 4 + name.Length + 4 + encodedEvent.Length];
        var rest = content.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(rest, 1);
        BinaryPrimitives.WriteUInt16BigEndian(rest[4..], cipherSuite);
        BinaryPrimitives.WriteUInt64BigEndian(rest[6..], (ulong)createdAt.ToUnixTimeMilliseconds());
        frame.ToBytes().CopyTo(rest[14..]);
        rest = rest[(14 + FrameId.Size)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, name.Length);
        name.CopyTo(rest[4..]);
        rest = rest[(4 + name.Length)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, encodedEvent.Length);
        encodedEvent.CopyTo(rest[4..]);
        return content;
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => $"FrameProof({FrameId})";
}

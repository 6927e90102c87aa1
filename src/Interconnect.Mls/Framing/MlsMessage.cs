using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Framing;

/// <summary>
/// MLSMessage of RFC 9420 section 6. Closed set.
/// <c>struct { ProtocolVersion version = mls10; WireFormat wire_format; select (...) }</c>
/// </summary>
internal abstract record MlsMessage : IMlsStructure<MlsMessage>
{
    /// <summary>Bytes before the structure that the message holds: version and wire format.</summary>
    public const int HeaderSize = 4;

    private MlsMessage()
    {
    }

    internal sealed record OfPublicMessage(PublicMessage Message) : MlsMessage;

    internal sealed record OfPrivateMessage(PrivateMessage Message) : MlsMessage;

    internal sealed record OfWelcome(Welcome Welcome) : MlsMessage;

    internal sealed record OfGroupInfo(GroupInfo GroupInfo) : MlsMessage;

    internal sealed record OfKeyPackage(KeyPackage KeyPackage) : MlsMessage;

    /// <summary>Decodes a whole message within the bound (MLS-007).</summary>
    public static MlsMessage Decode(ReadOnlyMemory<byte> encoded, int maxSize)
    {
        Rules.Oversize.Require(encoded.Length <= maxSize);
        return Codec.Decode<MlsMessage>(encoded);
    }

    public static MlsMessage Read(ref MlsReader reader)
    {
        if (reader.U16("version") != ProtocolVersion.Mls10)
        {
            throw reader.Refusal(Rules.UnknownVersion, "version");
        }

        return (WireFormat)reader.U16("wire_format") switch
        {
            WireFormat.PublicMessage => new OfPublicMessage(PublicMessage.Read(ref reader)),
            WireFormat.PrivateMessage => new OfPrivateMessage(PrivateMessage.Read(ref reader)),
            WireFormat.Welcome => new OfWelcome(Welcome.Read(ref reader)),
            WireFormat.GroupInfo => new OfGroupInfo(GroupInfo.Read(ref reader)),
            WireFormat.KeyPackage => new OfKeyPackage(KeyPackage.Read(ref reader)),
            _ => throw reader.Refusal(Rules.UnknownValue, "wire_format"),
        };
    }

    public void Write(MlsWriter writer)
    {
        writer.U16(ProtocolVersion.Mls10);
        switch (this)
        {
            case OfPublicMessage message:
                writer.U16((ushort)WireFormat.PublicMessage);
                message.Message.Write(writer);
                break;
            case OfPrivateMessage message:
                writer.U16((ushort)WireFormat.PrivateMessage);
                message.Message.Write(writer);
                break;
            case OfWelcome welcome:
                writer.U16((ushort)WireFormat.Welcome);
                welcome.Welcome.Write(writer);
                break;
            case OfGroupInfo info:
                writer.U16((ushort)WireFormat.GroupInfo);
                info.GroupInfo.Write(writer);
                break;
            case OfKeyPackage keyPackage:
                writer.U16((ushort)WireFormat.KeyPackage);
                keyPackage.KeyPackage.Write(writer);
                break;
        }
    }
}

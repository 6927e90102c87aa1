using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.PublicGroups;

/// <summary>Decodes what a server is handed: one kind of message, within a bound, out of a copy that nobody else can change.</summary>
internal static class ServerDecoding
{
    public const int MaxSize = 16 * 1024 * 1024;

    public static T Decode<T>(ReadOnlyMemory<byte> mlsMessage)
        where T : MlsMessage
    {
        Rules.Oversize.Require(mlsMessage.Length <= MaxSize);
        var message = MlsMessage.Decode(mlsMessage.ToArray(), MaxSize) as T;
        Rules.WrongWireFormat.Require(message is not null);
        return message!;
    }
}

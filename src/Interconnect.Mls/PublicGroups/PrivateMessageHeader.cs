using System.Diagnostics.CodeAnalysis;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.PublicGroups;

/// <summary>What anybody can read from a PrivateMessage. Nothing in it is verified.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch it is encrypted in.</param>
/// <param name="ContentType">1 application, 2 proposal, 3 commit.</param>
/// <param name="AuthenticatedDataLength">Bytes that travel in clear beside the ciphertext.</param>
public sealed record PrivateMessageHeader(ReadOnlyMemory<byte> GroupId, ulong Epoch, byte ContentType, int AuthenticatedDataLength)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed PrivateMessage.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out PrivateMessageHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        MlsRefusal.Catch(() => Read(ServerDecoding.Decode<MlsMessage.OfPrivateMessage>(mlsMessage).Message)).TryGet(out header, out error);

    private static PrivateMessageHeader Read(PrivateMessage message) =>
        new(message.GroupId, message.Epoch, (byte)message.ContentType, message.AuthenticatedData.Length);
}

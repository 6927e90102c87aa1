using System.Buffers.Binary;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>
/// A commit that this project's members do not make: it carries its proposals by value, without a path (RFC 9420 sections 6.2 and 12.4). Signed as it must be; its tags, which a
/// server cannot check, are zeros.
/// </summary>
internal static class ForgedCommit
{
    private static readonly byte[] PublicMessage = [0, 1, 0, 1];

    /// <summary>Ends the group by a ReInit (section 12.1.5).</summary>
    public static byte[] OfReInit(MlsGroup group, SignatureKeyPair key, uint leaf)
    {
        var epoch = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(epoch, group.Epoch);
        byte[] reInit = [1, 0, 5, .. Vector("next"u8), 0, 1, 0, (byte)group.Suite.Id, 0];
        byte[] content = [.. Vector(group.GroupId.Span), .. epoch, 1, 0, 0, 0, (byte)leaf, 0, 3, .. Vector(reInit), 0];
        byte[] signed = [.. PublicMessage, .. content, .. ForgedGroupInfo.Of(group.CreateGroupInfo()).Context];
        return [.. PublicMessage, .. content, .. Vector(key.SignWithLabel("FramedContentTBS", signed)), .. Vector(new byte[32]), .. Vector(new byte[32])];
    }

    private static byte[] Vector(ReadOnlySpan<byte> data) =>
        data.Length < 64 ? [(byte)data.Length, .. data] : [(byte)(0x40 | (data.Length >> 8)), (byte)data.Length, .. data];
}

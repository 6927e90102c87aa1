using System.Buffers.Binary;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>
/// A GroupInfo taken apart by RFC 9420 section 12.4.3, changed, and signed again by its signer: <c>struct { GroupContext group_context; Extension extensions&lt;V&gt;; MAC
/// confirmation_tag; uint32 signer; opaque signature&lt;V&gt;; } GroupInfo</c>.
/// </summary>
internal sealed record ForgedGroupInfo(byte[] Context, IReadOnlyList<(ushort Type, byte[] Data)> Extensions, byte[] ConfirmationTag, uint Signer)
{
    public const ushort RatchetTree = 2;
    public const ushort ExternalPub = 4;

    // mls10, mls_group_info.
    private static readonly byte[] Header = [0, 1, 0, 4];

    public static ForgedGroupInfo Of(ReadOnlyMemory<byte> mlsMessage)
    {
        var at = Header.Length;
        var bytes = mlsMessage.ToArray();
        Assert.Equal(Header, bytes[..at]);
        at += 4;
        Vector(bytes, ref at);
        at += 8;
        Vector(bytes, ref at);
        Vector(bytes, ref at);
        Vector(bytes, ref at);
        var context = bytes[Header.Length..at];
        var encoded = Vector(bytes, ref at);
        var extensions = new List<(ushort, byte[])>();
        for (var inside = 0; inside < encoded.Length;)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(encoded.AsSpan(inside));
            inside += 2;
            extensions.Add((type, Vector(encoded, ref inside)));
        }

        return new ForgedGroupInfo(context, extensions, Vector(bytes, ref at), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)));
    }

    public ForgedGroupInfo Without(ushort type) => this with { Extensions = [.. Extensions.Where(e => e.Type != type)] };

    public ForgedGroupInfo With(ushort type, Func<byte[], byte[]> change) => this with { Extensions = [.. Extensions.Select(e => e.Type == type ? (type, change(e.Data)) : e)] };

    public byte[] Sign(SignatureKeyPair key)
    {
        byte[] signed =
        [
            .. Context, .. Vector([.. Extensions.SelectMany(e => (byte[])[(byte)(e.Type >> 8), (byte)e.Type, .. Vector(e.Data)])]), .. Vector(ConfirmationTag),
            0, 0, (byte)(Signer >> 8), (byte)Signer,
        ];
        return [.. Header, .. signed, .. Vector(key.SignWithLabel("GroupInfoTBS", signed))];
    }

    // Lengths of RFC 9420 section 2.1.2.
    private static byte[] Vector(byte[] data) => data.Length switch
    {
        < 1 << 6 => [(byte)data.Length, .. data],
        < 1 << 14 => [(byte)(0x40 | (data.Length >> 8)), (byte)data.Length, .. data],
        _ => throw new ArgumentOutOfRangeException(nameof(data)),
    };

    private static byte[] Vector(byte[] bytes, ref int at)
    {
        var length = bytes[at] >> 6 == 0 ? bytes[at] : ((bytes[at] & 0x3f) << 8) | bytes[at + 1];
        at += bytes[at] >> 6 == 0 ? 1 : 2;
        at += length;
        return bytes[(at - length)..at];
    }
}

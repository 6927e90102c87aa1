using System.Diagnostics.CodeAnalysis;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>What anybody can read from a GroupInfo. Nothing in it is verified; <see cref="PublicGroup"/> does that.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="CipherSuite">IANA number; not necessarily a known one.</param>
/// <param name="TreeHash">The ratchet tree's hash.</param>
/// <param name="ConfirmedTranscriptHash">The history of commits; two members that differ here are in a fork.</param>
/// <param name="Signer">Leaf index of the member that signed.</param>
/// <param name="Signature">The signature's bytes.</param>
/// <param name="RatchetTree">The ratchet_tree extension's data; null when it is not there.</param>
public sealed record GroupInfoHeader(
    ReadOnlyMemory<byte> GroupId, ulong Epoch, ushort CipherSuite, ReadOnlyMemory<byte> TreeHash, ReadOnlyMemory<byte> ConfirmedTranscriptHash,
    uint Signer, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte>? RatchetTree)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed GroupInfo.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out GroupInfoHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        MlsRefusal.Catch(() => Of(ServerDecoding.Decode<MlsMessage.OfGroupInfo>(mlsMessage).GroupInfo)).TryGet(out header, out error);

    /// <summary>
    /// Whom <see cref="RatchetTree"/> names, by leaf index: claims, as all else here; neither the tree's hash nor any signature is looked at. Refuses an unknown suite
    /// (MLS-610), no tree (MLS-606), and one that cannot be decoded.
    /// </summary>
    public MlsResult<IReadOnlyList<Member>> ReadMembers() => MlsRefusal.Catch(() =>
    {
        Rules.GroupContextValid.Require(Mls.CipherSuite.TryGet(CipherSuite, out var suite));
        Rules.TreeMissing.Require(RatchetTree is not null);
        return RatchetTreeCodec.Decode(suite!, RatchetTree!.Value).Members();
    });

    private static GroupInfoHeader Of(GroupInfo info) => new(
        info.Context.GroupId,
        info.Context.Epoch,
        info.Context.Suite,
        info.Context.TreeHash,
        info.Context.ConfirmedTranscriptHash,
        info.Signer,
        info.Signature,
        info.Extensions.Find(ExtensionTypes.RatchetTree)?.Data);
}

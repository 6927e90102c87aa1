using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes the GroupInfo of a state (RFC 9420 section 12.4.3), with ratchet_tree and external_pub.</summary>
internal static class GroupInfos
{
    public static GroupInfo Make(MlsClient client, GroupState state)
    {
        using var external = state.Secrets.ExternalKeyPair(state.Suite);
        using var externalPub = new MlsWriter();
        externalPub.Opaque(external.PublicKey);
        Extension[] extensions =
        [
            new(ExtensionTypes.RatchetTree, RatchetTreeCodec.Encode(state.Tree)),
            new(ExtensionTypes.ExternalPub, externalPub.ToArray()),
        ];
        return new GroupInfo(state.Context, extensions, state.ConfirmationTag, state.OwnLeaf, default).Sign(client.SignatureKey);
    }
}

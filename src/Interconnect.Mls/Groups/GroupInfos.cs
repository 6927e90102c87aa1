using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes the GroupInfo of a state, as MLSMessage (RFC 9420 section 12.4.3), with external_pub, and with ratchet_tree unless the options say otherwise.</summary>
internal static class GroupInfos
{
    /// <param name="extra">Further GroupInfo extensions; null = none.</param>
    public static byte[] Make(MlsClient client, GroupState state, IReadOnlyList<Extension>? extra = null)
    {
        using var external = state.Secrets.ExternalKeyPair(state.Suite);
        using var externalPub = new MlsWriter();
        externalPub.Opaque(external.PublicKey);
        var extensions = new List<Extension>();
        if (client.Options.RatchetTreeInGroupInfo)
        {
            extensions.Add(new Extension(ExtensionTypes.RatchetTree, RatchetTreeCodec.Encode(state.Tree)));
        }

        extensions.Add(new Extension(ExtensionTypes.ExternalPub, externalPub.ToArray()));
        extensions.AddRange(extra ?? []);
        Rules.DuplicateExtension.Require(extensions.DistinctBy(extension => extension.Type).Count() == extensions.Count);
        var size = extensions.Sum(extension => extension.Data.Length) + 1024;
        var signed = new GroupInfo(state.Context, extensions, state.ConfirmationTag, state.OwnLeaf, default).Sign(client.SignatureKey, size);
        return Codec.Encode<MlsMessage>(new MlsMessage.OfGroupInfo(signed), size);
    }
}

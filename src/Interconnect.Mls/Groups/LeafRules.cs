using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Leaf node validation (RFC 9420 section 7.3), without the signature and the lifetime, whose time of checking differs by case.</summary>
internal static class LeafRules
{
    /// <summary>A leaf by itself and against a group's extensions.</summary>
    public static void Verify(LeafNode leaf, CipherSuite suite, GroupRequirements requirements, IAuthenticationService authentication)
    {
        VerifyAlone(leaf, suite);
        requirements.Unmet(leaf)?.Refuse();
        Rules.LeafCredentialAccepted.Require(authentication.Accepts(leaf.Credential, leaf.SignatureKey));
    }

    /// <summary>
    /// What holds for a leaf in no group yet (MLS-107, MLS-111). Its suite need not be among those that its capabilities list: no rule of RFC 9420 says so, and leaves of
    /// other implementations leave it out. Nor need a GREASE extension be listed: it means nothing, and there are leaves with other GREASE numbers in the two places.
    /// </summary>
    public static void VerifyAlone(LeafNode leaf, CipherSuite suite)
    {
        var capabilities = leaf.Capabilities;
        Rules.LeafCapabilitiesOwn.Require(
            capabilities.Versions.Contains(ProtocolVersion.Mls10)
            && capabilities.Credentials.Contains(leaf.Credential.Type)
            && leaf.Extensions.All(extension => capabilities.SupportsExtension(extension.Type) || ExtensionTypes.IsGrease(extension.Type)));
        suite.Kem.Group.RequirePublic(leaf.EncryptionKey.Span);
        _ = AppDataDictionary.In(leaf.Extensions);
    }

    /// <summary>What the group demands (MLS-108, MLS-121, MLS-122): its required capabilities, every extension of its context, wire formats, components.</summary>
    public static void VerifyCapabilitiesFor(LeafNode leaf, IReadOnlyList<Extension> groupExtensions, ExtensionsDraftChoices draft) =>
        GroupRequirements.Of(groupExtensions, draft).Unmet(leaf)?.Refuse();

    /// <summary>Every member supports every credential type in use (MLS-114).</summary>
    public static void VerifyCredentialTypes(RatchetTree tree) => Rules.LeafCredentialMutual.Require(tree.Traits is not { CredentialsAreMutual: false });
}

using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// What a group's extensions demand of every leaf: required_capabilities (RFC 9420 section 11.1), support of each extension in the context, and
/// required_wire_formats, app_components and safe_aad (draft-ietf-mls-extensions-10 section 5). Read once, then held against leaves.
/// </summary>
internal sealed class GroupRequirements
{
    private readonly RequiredCapabilities? required;
    private readonly IReadOnlyList<ushort> extensions;
    private readonly IReadOnlyList<ushort> wireFormats;
    private readonly IReadOnlyList<ushort> components;
    private readonly IReadOnlyList<ushort> safeAad;

    private GroupRequirements(IReadOnlyList<Extension> groupExtensions, ExtensionsDraftChoices draft)
    {
        required = RequiredCapabilities.In(groupExtensions);
        extensions = groupExtensions.Select(extension => extension.Type).Where(type => !ExtensionTypes.IsDefault(type)).ToList();
        wireFormats = WireFormats(groupExtensions, ExtensionTypes.RequiredWireFormats);

        // Read in any case: what is no dictionary is refused (MLS-120), whether it is asked of leaves or not.
        var given = AppDataDictionary.In(groupExtensions);
        var dictionary = draft.EnforceRequiredComponents ? given : AppDataDictionary.Empty;

        // Whoever supports the dictionary supports its list of components, which need not name itself.
        components = dictionary.ComponentList(ComponentId.AppComponents).Where(component => component != ComponentId.AppComponents).ToList();
        safeAad = dictionary.ComponentList(ComponentId.SafeAad);
    }

    public static GroupRequirements Of(IReadOnlyList<Extension> groupExtensions, ExtensionsDraftChoices draft) => new(groupExtensions, draft);

    /// <summary>True when every leaf of the tree fulfils this. Capabilities are asked of the tree, which knows what its leaves have in common.</summary>
    public bool AreMetBy(RatchetTree tree)
    {
        if (tree.Traits?.Common is not { } common || (required is null && extensions.Count == 0))
        {
            return true;
        }

        return (required is null || required.AreMetBy(common))
            && extensions.All(common.SupportsExtension)
            && (wireFormats.Count + components.Count + safeAad.Count == 0 || tree.Leaves().All(item => Unmet(item.Leaf) is null));
    }

    /// <summary>The rule that the leaf does not fulfil; null when it fulfils all.</summary>
    public Rule? Unmet(LeafNode leaf)
    {
        var capabilities = leaf.Capabilities;
        if ((required is not null && !required.AreMetBy(capabilities)) || !extensions.All(capabilities.SupportsExtension))
        {
            return Rules.LeafRequiredCapabilities;
        }

        if (wireFormats.Count > 0 && wireFormats.Except(WireFormats(leaf.Extensions, ExtensionTypes.SupportedWireFormats)).Any())
        {
            return Rules.RequiredWireFormats;
        }

        if (components.Count == 0 && safeAad.Count == 0)
        {
            return null;
        }

        var own = AppDataDictionary.In(leaf.Extensions);
        return components.Except(own.ComponentList(ComponentId.AppComponents)).Any() || safeAad.Except(own.ComponentList(ComponentId.SafeAad)).Any()
            ? Rules.RequiredComponents
            : null;
    }

    /// <summary><c>struct { WireFormat wire_formats&lt;V&gt;; } WireFormats</c></summary>
    private static IReadOnlyList<ushort> WireFormats(IReadOnlyList<Extension> list, ushort type)
    {
        if (list.Find(type) is not { } extension)
        {
            return [];
        }

        var reader = new MlsReader(extension.Data);
        var formats = Codec.ReadU16Vector(ref reader, "wire_formats");
        reader.End();
        return formats;
    }
}

using Interconnect.Mls.Components;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>What a client's own leaves say of it, by its options (RFC 9420 section 7.2, draft-ietf-mls-extensions-10 section 5).</summary>
internal static class OwnLeaf
{
    private static readonly ushort[] DraftExtensions =
        [ExtensionTypes.AppDataDictionary, ExtensionTypes.SupportedWireFormats, ExtensionTypes.RequiredWireFormats];

    // What this library does by itself.
    private static readonly ushort[] Own = [ComponentId.AppComponents, ComponentId.SafeAad, ComponentId.LastResortKeyPackage];

    /// <summary>The caller's extensions, with the supported components in the app_data_dictionary and the supported wire formats.</summary>
    public static IReadOnlyList<Extension> Extensions(MlsOptions options)
    {
        var list = options.LeafExtensions.ToList();
        if (options.SupportedWireFormats.Count > 0)
        {
            list.RemoveAll(extension => extension.Type == ExtensionTypes.SupportedWireFormats);
            list.Add(new Extension(ExtensionTypes.SupportedWireFormats, AppDataDictionary.WriteComponentList(options.SupportedWireFormats)));
        }

        if (options.AppComponents is { } components)
        {
            var dictionary = AppDataDictionary.In(list)
                .With(ComponentId.AppComponents, AppDataDictionary.WriteComponentList(components.Supported.Concat(Own).Distinct().Order().ToList()));
            list.RemoveAll(extension => extension.Type == ExtensionTypes.AppDataDictionary);
            list.Add(dictionary.ToExtension());
        }

        return list;
    }

    /// <summary>What marks a KeyPackage of last resort. Its types are in the capabilities, as RFC 9420 section 10 demands.</summary>
    public static IReadOnlyList<Extension> LastResort(MlsOptions options)
    {
        var mark = AppDataDictionary.Empty.With(ComponentId.LastResortKeyPackage, default).ToExtension();
        return options.LastResortExtensionOfEarlierDrafts ? [mark, new Extension(ExtensionTypes.LastResortOfEarlierDrafts, default)] : [mark];
    }

    public static Capabilities Capabilities(MlsOptions options, MemberCredential credential, IReadOnlyList<Extension> leafExtensions, IMlsRandom random)
    {
        var extensions = options.SupportedExtensions.Concat(options.MlsExtensionsDraft ? DraftExtensions : [])
            .Concat(options.LastResortExtensionOfEarlierDrafts ? [ExtensionTypes.LastResortOfEarlierDrafts] : [])
            .Concat(leafExtensions.Select(extension => extension.Type).Where(type => !ExtensionTypes.IsDefault(type)));
        ushort[] proposals = (options.MlsExtensionsDraft, options.AppComponents) switch
        {
            (false, _) => [],
            (true, null) => [ProposalTypes.SelfRemove],
            (true, _) => [ProposalTypes.AppDataUpdate, ProposalTypes.AppEphemeral, ProposalTypes.SelfRemove],
        };
        return new Capabilities(
            [ProtocolVersion.Mls10],
            Listed(options, random, CipherSuite.All.Select(suite => suite.Id)),
            Listed(options, random, extensions),
            Listed(options, random, proposals),
            Listed(options, random, options.SupportedCredentials.Prepend(credential.Type)));
    }

    private static IReadOnlyList<ushort> Listed(MlsOptions options, IMlsRandom random, IEnumerable<ushort> numbers)
    {
        var list = numbers.Distinct().ToList();
        if (options.Grease)
        {
            // RFC 9420 section 13.5: 0x0A0A, 0x1A1A to 0xEAEA.
            Span<byte> choice = stackalloc byte[1];
            random.Fill(choice);
            list.Add((ushort)(0x0a0a + (0x1010 * (choice[0] % 15))));
        }

        return list;
    }
}

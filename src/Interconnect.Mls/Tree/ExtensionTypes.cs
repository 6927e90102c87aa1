using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>Extension type numbers of RFC 9420 section 17.3 and of draft-ietf-mls-extensions-10 section 7.2.</summary>
internal static class ExtensionTypes
{
    public const ushort ApplicationId = 1;
    public const ushort RatchetTree = 2;
    public const ushort RequiredCapabilities = 3;
    public const ushort ExternalPub = 4;
    public const ushort ExternalSenders = 5;
    public const ushort AppDataDictionary = 6;
    public const ushort SupportedWireFormats = 7;
    public const ushort RequiredWireFormats = 8;

    /// <summary>Of KeyPackages in drafts of mls-extensions before 08, and of what is deployed from them.</summary>
    public const ushort LastResortOfEarlierDrafts = 0x000a;

    /// <summary>Those that the registry allows in leaves or GroupInfos only (RFC 9420 section 17.3, draft-ietf-mls-extensions-10 section 7.2).</summary>
    public static bool IsNeverOfAGroup(ushort type) => type is ApplicationId or RatchetTree or ExternalPub or SupportedWireFormats;

    public static bool IsDefault(ushort type) => type is >= ApplicationId and <= ExternalSenders;

    /// <summary>One of the numbers 0x0A0A, 0x1A1A ... 0xEAEA that mean nothing (RFC 9420 section 13.5).</summary>
    public static bool IsGrease(ushort type) => (type & 0x0f0f) == 0x0a0a && type >> 8 == (type & 0xff) && type < 0xf000;

    public static Extension? Find(this IReadOnlyList<Extension> extensions, ushort type)
    {
        foreach (var extension in extensions)
        {
            if (extension.Type == type)
            {
                return extension;
            }
        }

        return null;
    }

    /// <summary>Reads a list and refuses a type that is in it twice (MLS-110).</summary>
    public static IReadOnlyList<Extension> ReadList(ref MlsReader reader)
    {
        var extensions = Codec.ReadVector<Extension>(ref reader, "extensions");
        var seen = extensions.Count > 1 ? new HashSet<ushort>() : null;
        foreach (var extension in extensions)
        {
            if (seen is not null && !seen.Add(extension.Type))
            {
                reader.Fail(Rules.DuplicateExtension, "extensions");
            }
        }

        return extensions;
    }
}

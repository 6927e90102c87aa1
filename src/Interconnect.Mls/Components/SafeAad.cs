using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Components;

/// <summary>
/// The framing of authenticated_data in a group whose app_data_dictionary has the component safe_aad (draft-ietf-mls-extensions-10 section 4.9): the items of the
/// components, and in revision 09 anything else behind. <c>struct { SafeAADItem aad_items&lt;V&gt;; } SafeAAD</c>
/// </summary>
/// <param name="Items">One entry a component; entries of unknown components are to be ignored.</param>
/// <param name="Rest">What follows the items; empty unless <see cref="ExtensionsDraftChoices.AllowUnframedAuthenticatedData"/> is set.</param>
public sealed record SafeAad(AppDataDictionary Items, ReadOnlyMemory<byte> Rest)
{
    /// <summary>The bytes to give as authenticated data.</summary>
    public static byte[] Frame(AppDataDictionary items, ReadOnlySpan<byte> rest = default)
    {
        using var writer = new MlsWriter();
        items.Write(writer);
        writer.Raw(rest);
        return writer.ToArray();
    }

    /// <summary>Takes received authenticated data apart.</summary>
    public static MlsResult<SafeAad> Read(ReadOnlyMemory<byte> authenticatedData) => MlsRefusal.Catch(() =>
    {
        var reader = new MlsReader(authenticatedData);
        var items = AppDataDictionary.Read(ref reader);
        return new SafeAad(items, reader.Rest());
    });

    /// <summary>Redacted.</summary>
    public override string ToString() => $"SafeAAD of {Items.Components.Count} items";

    internal static bool IsDemandedBy(IReadOnlyList<Extension> groupExtensions) =>
        AppDataDictionary.In(groupExtensions).Find(ComponentId.SafeAad) is not null;

    /// <summary>Empty data becomes an empty list of items where the group demands one.</summary>
    internal static ReadOnlyMemory<byte> ForSending(bool demanded, ReadOnlyMemory<byte> authenticatedData, ExtensionsDraftChoices draft)
    {
        if (demanded && authenticatedData.IsEmpty)
        {
            return Frame(AppDataDictionary.Empty);
        }

        Verify(demanded, authenticatedData, draft);
        return authenticatedData;
    }

    internal static void Verify(bool demanded, ReadOnlyMemory<byte> authenticatedData, ExtensionsDraftChoices draft) =>
        Rules.SafeAadFraming.Require(!demanded || Read(authenticatedData).Match(read => draft.AllowUnframedAuthenticatedData || read.Rest.IsEmpty, _ => false));
}

using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Components;

/// <summary>
/// What an app_data_dictionary extension (0x0006) holds, at most one entry a component, sorted. Immutable.
/// draft-ietf-mls-extensions-10 section 4.6: <c>struct { ComponentData component_data&lt;V&gt;; } AppDataDictionary</c>
/// </summary>
public sealed class AppDataDictionary
{
    private AppDataDictionary(IReadOnlyList<ComponentData> components) => Components = components;

    /// <summary>A dictionary without entries.</summary>
    public static AppDataDictionary Empty { get; } = new([]);

    /// <summary>The entries, by component number.</summary>
    public IReadOnlyList<ComponentData> Components { get; }

    /// <summary>The dictionary among these extensions; empty when there is none. Refuses a malformed or unsorted one (MLS-120 or a decode error).</summary>
    public static MlsResult<AppDataDictionary> Read(IReadOnlyList<Extension> extensions) => MlsRefusal.Catch(() => In(extensions));

    /// <summary>A component's data; null when it has no entry.</summary>
    public ReadOnlyMemory<byte>? Find(ushort componentId)
    {
        foreach (var entry in Components)
        {
            if (entry.ComponentId == componentId)
            {
                return entry.Data;
            }
        }

        return null;
    }

    /// <summary>With this data for the component, in place of any it had.</summary>
    public AppDataDictionary With(ushort componentId, ReadOnlyMemory<byte> data) =>
        new(Components.Where(entry => entry.ComponentId != componentId)
            .Append(new ComponentData(componentId, data))
            .OrderBy(entry => entry.ComponentId)
            .ToList());

    /// <summary>Without any data for the component.</summary>
    public AppDataDictionary Without(ushort componentId) => new(Components.Where(entry => entry.ComponentId != componentId).ToList());

    /// <summary>The extension that holds this.</summary>
    public Extension ToExtension()
    {
        using var writer = new MlsWriter();
        Write(writer);
        return new Extension(ExtensionTypes.AppDataDictionary, writer.ToArray());
    }

    /// <summary>Redacted: the data is the application's.</summary>
    public override string ToString() => $"app data of {Components.Count} components";

    /// <summary>ComponentsList of section 5: <c>struct { uint16 component_ids&lt;V&gt;; }</c>, what app_components and safe_aad hold.</summary>
    public static byte[] WriteComponentList(IReadOnlyList<ushort> componentIds)
    {
        using var writer = new MlsWriter();
        Codec.WriteU16Vector(writer, componentIds);
        return writer.ToArray();
    }

    internal static AppDataDictionary In(IReadOnlyList<Extension> extensions)
    {
        if (extensions.Find(ExtensionTypes.AppDataDictionary) is not { } extension)
        {
            return Empty;
        }

        var reader = new MlsReader(extension.Data);
        var dictionary = Read(ref reader);
        reader.End();
        return dictionary;
    }

    internal static AppDataDictionary Read(ref MlsReader reader)
    {
        var entries = Codec.ReadVector<ComponentData>(ref reader, "component_data");
        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i - 1].ComponentId >= entries[i].ComponentId)
            {
                reader.Fail(Rules.ComponentOrder, "component_data");
            }
        }

        return new AppDataDictionary(entries);
    }

    internal void Write(MlsWriter writer) => Codec.WriteVector(writer, Components);

    /// <summary>A component list entry; empty when the entry is absent.</summary>
    internal IReadOnlyList<ushort> ComponentList(ushort componentId)
    {
        if (Find(componentId) is not { } data)
        {
            return [];
        }

        var reader = new MlsReader(data);
        var list = Codec.ReadU16Vector(ref reader, "component_ids");
        reader.End();
        return list;
    }
}

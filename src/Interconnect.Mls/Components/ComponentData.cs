using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Components;

/// <summary>
/// One component's data. ComponentData and SafeAADItem of draft-ietf-mls-extensions-10 sections 4.6 and 4.9, which are encoded alike:
/// <c>struct { uint16 component_id; opaque data&lt;V&gt;; }</c>
/// </summary>
/// <param name="ComponentId">The component's number.</param>
/// <param name="Data">Opaque to MLS.</param>
public sealed record ComponentData(ushort ComponentId, ReadOnlyMemory<byte> Data) : IMlsStructure<ComponentData>
{
    /// <summary>Redacted: the data is the application's.</summary>
    public override string ToString() => $"data of component {ComponentId}";

    static ComponentData IMlsStructure<ComponentData>.Read(ref MlsReader reader) => new(reader.U16("component_id"), reader.Opaque("data"));

    void IMlsStructure<ComponentData>.Write(MlsWriter writer)
    {
        writer.U16(ComponentId);
        writer.Opaque(Data);
    }
}

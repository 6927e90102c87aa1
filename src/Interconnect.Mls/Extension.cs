using Interconnect.Mls.Encoding;

namespace Interconnect.Mls;

/// <summary>
/// An extension, carried unharmed whether its type is known or not. RFC 9420 section 13:
/// <c>struct { ExtensionType extension_type; opaque extension_data&lt;V&gt;; } Extension</c>.
/// </summary>
/// <param name="Type">IANA number of the extension type.</param>
/// <param name="Data">The extension's own encoding.</param>
public sealed record Extension(ushort Type, ReadOnlyMemory<byte> Data) : IMlsStructure<Extension>
{
    static Extension IMlsStructure<Extension>.Read(ref MlsReader reader) => new(reader.U16("extension_type"), reader.Opaque("extension_data"));

    void IMlsStructure<Extension>.Write(MlsWriter writer)
    {
        writer.U16(Type);
        writer.Opaque(Data);
    }
}

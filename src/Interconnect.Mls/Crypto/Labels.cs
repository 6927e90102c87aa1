using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>The labelled inputs of RFC 9420 sections 5.1.2, 5.1.3, 5.2 and 8.</summary>
internal static class Labels
{
    /// <summary>How much room <see cref="Utf8"/> is given on the stack; a longer label goes to the heap.</summary>
    public const int MaxUtf8 = 128;

    private static ReadOnlySpan<byte> Prefix => "MLS 1.0 "u8;

    /// <summary>A label of the caller's in UTF-8, in the given room when it fits.</summary>
    public static ReadOnlySpan<byte> Utf8(string label, Span<byte> room) =>
        System.Text.Encoding.UTF8.TryGetBytes(label, room, out var written) ? room[..written] : System.Text.Encoding.UTF8.GetBytes(label);

    /// <summary>SignContent { opaque label&lt;V&gt; = "MLS 1.0 " + label; opaque content&lt;V&gt;; }</summary>
    public static void WriteSignContent(MlsWriter writer, ReadOnlySpan<byte> label, ReadOnlySpan<byte> content)
    {
        WriteLabel(writer, label);
        writer.Opaque(content);
    }

    /// <summary>EncryptContext { opaque label&lt;V&gt;; opaque context&lt;V&gt;; }</summary>
    public static void WriteEncryptContext(MlsWriter writer, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context)
    {
        WriteLabel(writer, label);
        writer.Opaque(context);
    }

    /// <summary>KDFLabel { uint16 length; opaque label&lt;V&gt;; opaque context&lt;V&gt;; }</summary>
    public static void WriteKdfLabel(MlsWriter writer, int length, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context)
    {
        writer.U16(checked((ushort)length));
        WriteLabel(writer, label);
        writer.Opaque(context);
    }

    private static void WriteLabel(MlsWriter writer, ReadOnlySpan<byte> label)
    {
        var mark = writer.BeginVector();
        writer.Raw(Prefix);
        writer.Raw(label);
        writer.EndVector(mark);
    }
}

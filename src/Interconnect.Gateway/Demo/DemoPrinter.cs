using System.Globalization;

namespace Interconnect.Gateway.Demo;

/// <summary>The report for people.</summary>
internal static class DemoPrinter
{
    private const int Left = 24;

    public static void Print(TextWriter writer, DemoReport report)
    {
        writer.WriteLine();
        Line(writer, "Alice typed", Harmless(report.Typed));
        writer.WriteLine();
        foreach (var hop in report.Hops)
        {
            Line(writer, hop.Name, hop.Saw);
            if (hop.Labels is not null)
            {
                Line(writer, string.Empty, hop.Labels);
            }

            if (hop.Ciphertext is not null)
            {
                Line(writer, string.Empty, "... " + hop.Ciphertext);
            }

            Line(writer, string.Empty, string.Create(CultureInfo.InvariantCulture, $"{hop.Bytes:N0} bytes searched in {hop.Messages:N0} pieces: {(hop.HasText ? "THE TEXT IS IN THEM" : "no text")}"));
        }

        writer.WriteLine();
        Line(writer, "Bob read", Harmless(report.Read));
        Line(writer, "Bob answered", Harmless(report.ReplyTyped));
        Line(writer, "Alice read", Harmless(report.ReplyRead));
        writer.WriteLine();
        Line(writer, "consent", string.Join("; ", report.Consent));
        Line(writer, "Alice's message", string.Join("; ", report.Delivery.Select(d => $"{d.State} {d.At}")));
        Line(writer, "Bob's message", string.Join("; ", report.ReplyDelivery.Select(d => $"{d.State} {d.At}")));
        Line(writer, "searched for", report.SearchedFor.Count == 0 ? "nothing" : string.Join(", ", report.SearchedFor) + ", in UTF-8, UTF-16, JSON, XML, hexadecimal, base64 and inside base64");
        if (!TextSearch.CanFind(report.Typed))
        {
            Line(writer, string.Empty, $"(what Alice typed is shorter than {TextSearch.LeastBytes} bytes and would occur in ciphertext by chance; Bob's answer is searched for)");
        }

        writer.WriteLine();
        foreach (var problem in report.Problems())
        {
            writer.WriteLine("FAILED: " + problem);
        }

        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(report.Problems().Count == 0 ? "Everything arrived, and no hop had the text" : "Not everything is well")} ({report.Took.TotalSeconds:0.0} s)."));
    }

    private static void Line(TextWriter writer, string left, string right) => writer.WriteLine($"  {left,-Left}{right}");

    /// <summary>Control characters are shown, not sent to the terminal.</summary>
    private static string Harmless(string text) => string.Concat(text.Select(c => char.IsControl(c) || c is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069' ? '\ufffd' : c));
}

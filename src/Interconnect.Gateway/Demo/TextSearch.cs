using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Interconnect.Gateway.Demo;

/// <summary>Finds a text in bytes however it may stand there: UTF-8, UTF-16, escaped for JSON or XML, hexadecimal, base64 at any alignment, or inside base64.</summary>
internal sealed partial class TextSearch
{
    /// <summary>Shorter texts occur in ciphertext by chance.</summary>
    public const int LeastBytes = 12;

    private readonly SearchValues<string> latin;
    private readonly List<byte[]> forms = [];

    public TextSearch(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        forms.AddRange([utf8, Encoding.Unicode.GetBytes(text), Encoding.BigEndianUnicode.GetBytes(text)]);
        List<string> written = [JsonSerializer.Serialize(text)[1..^1], JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(), WebUtility.HtmlEncode(text), text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal), Convert.ToHexStringLower(utf8), Convert.ToHexString(utf8)];
        for (var shift = 0; shift < 3; shift++)
        {
            // What depends on the neighbours of the text is cut off at both ends.
            var encoded = Convert.ToBase64String([.. new byte[shift], .. utf8]).TrimEnd('=');
            var inner = encoded[(shift == 0 ? 0 : shift + 1)..^1];
            written.AddRange([inner, inner.Replace('+', '-').Replace('/', '_')]);
        }

        forms.AddRange(written.Select(Encoding.UTF8.GetBytes));
        latin = SearchValues.Create([.. forms.DistinctBy(Convert.ToHexString).Select(Encoding.Latin1.GetString)], StringComparison.Ordinal);
    }

    /// <summary>Whether the text is long enough to be searched for.</summary>
    public static bool CanFind(string text) => Encoding.UTF8.GetByteCount(text) >= LeastBytes;

    public bool IsIn(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        return Holds(text) || Base64Runs().EnumerateMatches(text) is var runs && AnyRun(text, runs);
    }

    private bool AnyRun(string text, Regex.ValueMatchEnumerator runs)
    {
        foreach (var run in runs)
        {
            var base64 = text.AsSpan(run.Index, run.Length / 4 * 4).ToString().Replace('-', '+').Replace('_', '/');
            var decoded = new byte[base64.Length];
            if (Convert.TryFromBase64String(base64, decoded, out var length) && Holds(Encoding.Latin1.GetString(decoded, 0, length)))
            {
                return true;
            }
        }

        return false;
    }

    private bool Holds(string text) => text.AsSpan().ContainsAny(latin);

    [GeneratedRegex(@"[A-Za-z0-9+/_\-]{16,}={0,2}")]
    private static partial Regex Base64Runs();
}

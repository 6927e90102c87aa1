using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Interconnect.Federation;

/// <summary>
/// The text form of a frame for carriers that take little at a time: <c>IC1.&lt;id&gt;.&lt;i&gt;/&lt;n&gt;.&lt;base64url&gt;</c>, with <c>i</c> from 1 and the id 32 characters of
/// hexadecimal that all chunks of a frame share.
/// </summary>
public static class FrameChunks
{
    /// <summary>What every chunk starts with.</summary>
    public const string Prefix = "IC1.";

    /// <summary>Most chunks of one frame.</summary>
    public const int MaxChunks = 1_024;

    private const int HeaderLength = 4 + 32 + 1 + 9 + 1;

    /// <summary>Cuts an encoded frame into chunks of at most <paramref name="maxCharacters"/> characters each (at least 64), or null when it would take more than <see cref="MaxChunks"/>.</summary>
    public static IReadOnlyList<string>? Split(ReadOnlySpan<byte> frame, FrameId id, int maxCharacters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCharacters, 64);
        var bytesEach = (maxCharacters - HeaderLength) / 4 * 3;
        var count = Math.Max(1, (frame.Length + bytesEach - 1) / bytesEach);
        if (count > MaxChunks)
        {
            return null;
        }

        var chunks = new string[count];
        for (var i = 0; i < count; i++)
        {
            var part = frame.Slice(i * bytesEach, Math.Min(bytesEach, frame.Length - (i * bytesEach)));
            chunks[i] = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id.Hex}.{i + 1}/{count}.{Base64Url.EncodeToString(part)}");
        }

        return chunks;
    }

    /// <summary>Reads one chunk; the text must be a chunk and nothing else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out FrameChunk? chunk, [NotNullWhen(false)] out SchemaError? error)
    {
        chunk = null;
        if (text.Length > (EndpointFrame.MaxBytes / 3 * 4) + HeaderLength + 4)
        {
            error = new SchemaError("FED-002", "A chunk is larger than a frame", "chunk");
            return false;
        }

        var parts = text.Split('.');
        if (parts is not ["IC1", var idText, var position, var body] || position.Split('/') is not [var indexText, var countText])
        {
            error = new SchemaError("FED-020", "Not of the form IC1.id.i/n.base64url", "chunk");
            return false;
        }

        if (idText.Any(char.IsAsciiLetterUpper) || !FrameId.TryParse(idText, out var id))
        {
            error = new SchemaError("FED-021", "The chunk id is 32 lower-case hexadecimal characters", "chunk.id");
            return false;
        }

        if (!TryNumber(countText, MaxChunks, out var count) || !TryNumber(indexText, count, out var index))
        {
            error = new SchemaError("FED-022", $"The chunk position is i/n with 1 <= i <= n <= {MaxChunks}", "chunk.position");
            return false;
        }

        if (body.Contains('=', StringComparison.Ordinal) || !Base64Url.IsValid(body) || body.Any(char.IsWhiteSpace))
        {
            error = new SchemaError("FED-023", "The chunk body is not base64url", "chunk.body");
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(body);
        if (bytes.Length == 0)
        {
            error = new SchemaError("FED-023", "The chunk body is empty", "chunk.body");
            return false;
        }

        error = null;
        chunk = new FrameChunk(id, index, count, bytes);
        return true;
    }

    private static bool TryNumber(string text, int max, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= max && text[0] != '0';
}

/// <summary>One part of a frame.</summary>
/// <param name="Id">Shared by all parts.</param>
/// <param name="Index">From 1.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Body">At least one byte.</param>
public sealed record FrameChunk(FrameId Id, int Index, int Count, ReadOnlyMemory<byte> Body)
{
    /// <summary>Redacted.</summary>
    public override string ToString() => $"FrameChunk({Id}, {Index}/{Count})";
}

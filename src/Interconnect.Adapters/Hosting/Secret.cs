using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Adapters.Hosting;

/// <summary>A credential in memory: zeroed when disposed, never printed, compared in fixed time.</summary>
internal sealed class Secret : IDisposable
{
    private readonly byte[] bytes;

    private Secret(byte[] bytes) => this.bytes = bytes;

    /// <summary>From an option's value, or the first line of the file it names; without the white space around it, which whoever wrote it there did not mean.</summary>
    public static Secret Load(string? value, string? file)
    {
        var text = !string.IsNullOrEmpty(value) ? value.Trim() : File.ReadLines(file!).FirstOrDefault()?.Trim() ?? "";
        return new Secret(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>What is wrong with a pair of options that name a secret; empty when nothing is.</summary>
    /// <param name="forHeader">Whether it travels in an HTTP header, which bears visible ASCII only.</param>
    public static IEnumerable<string> Problems(string name, string? value, string? file, bool forHeader = false)
    {
        if (string.IsNullOrEmpty(value) == string.IsNullOrEmpty(file))
        {
            yield return $"{name} or {name}File must be given, and not both.";
        }
        else if (!string.IsNullOrEmpty(value) && string.IsNullOrWhiteSpace(value))
        {
            yield return $"{name} is empty.";
        }
        else if (!string.IsNullOrEmpty(file) && FirstLine(file) is var line && string.IsNullOrEmpty(line))
        {
            yield return line is null ? $"{name}File names a file that cannot be read." : $"{name}File names a file whose first line is empty.";
        }
        else if ((string.IsNullOrEmpty(file) ? value!.Trim() : FirstLine(file) ?? "") is var text && !text.All(c => forHeader ? c is > ' ' and < '\x7f' : !char.IsControl(c)))
        {
            yield return forHeader ? $"{name} holds a space, a line break or a character that is not ASCII; no HTTP header bears it." : $"{name} holds a line break or another control character.";
        }
    }

    /// <summary>Null when the file cannot be read.</summary>
    private static string? FirstLine(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault()?.Trim() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the text is the secret; an empty secret is matched by nothing. Takes the same time wherever they differ.</summary>
    public bool Matches(ReadOnlySpan<char> candidate)
    {
        Span<byte> own = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> other = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, own);
        SHA256.HashData(Encoding.UTF8.GetBytes(candidate.ToString()), other);
        return CryptographicOperations.FixedTimeEquals(own, other) && bytes.Length > 0;
    }

    /// <summary>Gives the bytes to <paramref name="use"/>, which must not keep them.</summary>
    public T Use<T>(Func<ReadOnlyMemory<byte>, T> use) => use(bytes);

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);

    /// <inheritdoc/>
    public override string ToString() => "Secret(redacted)";
}

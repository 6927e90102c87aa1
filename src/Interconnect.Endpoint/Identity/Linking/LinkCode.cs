using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Interconnect.Endpoint;

/// <summary>
/// The one-time code that a new device shows and a person carries to an old one: 80 random bits as 16 characters of Crockford's base32, <c>XXXX-XXXX-XXXX-XXXX</c>.
/// Keys the HMAC of both messages of <see cref="NewDeviceLink"/>. Erased on dispose.
/// </summary>
public sealed class LinkCode : IDisposable
{
    /// <summary>Bytes of a code.</summary>
    public const int Size = 10;

    /// <summary>Characters of a code without its hyphens.</summary>
    public const int Characters = 16;

    /// <summary>Most characters of a text that is read as a code.</summary>
    public const int MaxTextLength = 128;

    /// <summary>What stands before the code in its QR code, which is no URL: opening it does nothing.</summary>
    private const string QrLabel = "interconnect device code 1\n";

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int GroupSize = 4;
    private const int BitsOfCharacter = 5;

    private readonly byte[] bytes;
    private bool disposed;

    private LinkCode(byte[] bytes) => this.bytes = bytes;

    internal ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>A new random code.</summary>
    public static LinkCode Create() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>
    /// Reads a code as people type it or as its QR code says it: capitals or not, hyphens and white space anywhere, I and L for 1, O for 0.
    /// </summary>
    /// <param name="text">What was typed.</param>
    /// <param name="code">The code, not yet compared with anything; the caller disposes it.</param>
    /// <param name="error">What is wrong with the text; the text is not repeated.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out LinkCode? code, [NotNullWhen(false)] out LinkError? error)
    {
        code = null;
        if (text.Length > MaxTextLength)
        {
            error = LinkError.CodeTooLong;
            return false;
        }

        if (text.StartsWith(QrLabel, StringComparison.Ordinal))
            text = text[QrLabel.Length..];

        var bytes = new byte[Size];
        var count = 0;
        error = null;
        for (var i = 0; i < text.Length && error is null; i++)
        {
            if (text[i] == '-' || char.IsWhiteSpace(text[i]))
                continue;

            var value = Alphabet.IndexOf(Normalize(text[i]), StringComparison.Ordinal);
            if (value < 0)
                error = LinkError.CodeCharacter(i + 1);
            else if (count++ < Characters)
                Write(bytes, count - 1, value);
        }

        error ??= count == Characters ? null : LinkError.CodeLength(count);
        if (error is null)
            code = new LinkCode(bytes);
        else
            CryptographicOperations.ZeroMemory(bytes);

        return error is null;
    }

    /// <summary>The code as <c>XXXX-XXXX-XXXX-XXXX</c>, only to be shown to the person.</summary>
    public string Reveal() => string.Create(Characters + (Characters / GroupSize) - 1, this, static (text, code) =>
    {
        for (var i = 0; i < text.Length; i++)
            text[i] = i % (GroupSize + 1) == GroupSize ? '-' : code.CharacterAt(i - (i / (GroupSize + 1)));
    });

    /// <summary>The code as a QR code for a terminal, only to be shown to the person.</summary>
    /// <param name="lightText">False for a terminal that writes dark on light.</param>
    public string RevealForTerminal(bool lightText = true) => QrPicture.ToTerminal(QrLabel + Reveal(), lightText);

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bytes);
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "LinkCode(redacted)";

    internal static LinkCode FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? new LinkCode(bytes.ToArray())
        : throw new ArgumentException($"A code has {Size} bytes.", nameof(bytes));

    internal byte[] Authenticate(ReadOnlySpan<byte> label, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Span);
        hmac.AppendData(label);
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }

    private static char Normalize(char typed) => char.ToUpperInvariant(typed) switch
    {
        'I' or 'L' => '1',
        'O' => '0',
        var other => other,
    };

    private static void Write(byte[] bytes, int character, int value)
    {
        for (var i = 0; i < BitsOfCharacter; i++)
        {
            var bit = (character * BitsOfCharacter) + i;
            bytes[bit / 8] |= (byte)(((value >> (BitsOfCharacter - 1 - i)) & 1) << (7 - (bit % 8)));
        }
    }

    private char CharacterAt(int character)
    {
        var value = 0;
        for (var bit = character * BitsOfCharacter; bit < (character + 1) * BitsOfCharacter; bit++)
            value = (value << 1) | ((Span[bit / 8] >> (7 - (bit % 8))) & 1);

        return Alphabet[value];
    }
}

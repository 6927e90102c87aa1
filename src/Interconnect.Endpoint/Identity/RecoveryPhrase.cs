using System.Security.Cryptography;

namespace Interconnect.Endpoint;

/// <summary>
/// A seed as 24 words that a person writes down. 256 bits of seed and 8 bits of checksum, the first byte of
/// SHA-256(UTF-8 of "interconnect recovery phrase 1" ‖ seed), are cut into 24 numbers of 11 bits, the highest bit first; each is a word's place in the list of
/// one language. Erased on dispose.
/// </summary>
public sealed class RecoveryPhrase : IDisposable
{
    /// <summary>Words in a phrase.</summary>
    public const int WordCount = 24;

    /// <summary>Most characters of a text that is read as a phrase.</summary>
    public const int MaxTextLength = 1_024;

    private const int BitsOfWord = 11;
    private const int Size = RecoverySeed.Size + 1;

    /// <summary>Seed and checksum.</summary>
    private readonly byte[] bits;
    private bool disposed;

    private RecoveryPhrase(byte[] bits, PhraseLanguage language)
    {
        this.bits = bits;
        Language = language;
    }

    /// <summary>The language of the words.</summary>
    public PhraseLanguage Language { get; }

    /// <summary>The phrase of a seed, which stays the caller's.</summary>
    public static RecoveryPhrase Of(RecoverySeed seed, PhraseLanguage language)
    {
        var bits = new byte[Size];
        seed.Span.CopyTo(bits);
        bits[^1] = Checksum(seed.Span);
        return new RecoveryPhrase(bits, language);
    }

    /// <summary>
    /// Reads a phrase as people type it: capitals or not, any white space, each word from its fourth letter on broken off at will. The language is recognised,
    /// since no beginning is in both lists.
    /// </summary>
    public static PhraseReading Read(ReadOnlySpan<char> text)
    {
        // 1. As many words as there must be.
        if (text.Length > MaxTextLength)
            return new PhraseReading.Refused(PhraseError.TooLong);

        Span<Range> ranges = stackalloc Range[WordCount];
        var count = Split(text, ranges);
        if (count != WordCount)
            return new PhraseReading.Refused(PhraseError.Count(count));

        // 2. Each of them known, and all of one language.
        var bits = new byte[Size];
        var languages = new PhraseLanguage?[WordCount];
        for (var i = 0; i < WordCount; i++)
        {
            foreach (var list in WordList.All)
            {
                if (list.Find(text[ranges[i]]) is var number and >= 0)
                {
                    languages[i] = list.Language;
                    Write(bits, i, number);
                }
            }
        }

        // 3. Seed and checksum belong together.
        var error = Judge(languages) ?? (Checksum(bits.AsSpan(0, RecoverySeed.Size)) == bits[^1] ? null : PhraseError.Checksum);
        if (error is null)
            return new PhraseReading.Read(new RecoveryPhrase(bits, languages[0]!.Value));

        CryptographicOperations.ZeroMemory(bits);
        return new PhraseReading.Refused(error);
    }

    /// <summary>The seed; the caller disposes it.</summary>
    public RecoverySeed ToSeed()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return RecoverySeed.Import(bits.AsSpan(0, RecoverySeed.Size));
    }

    /// <summary>The words in order, only to be shown to the person. They are the list's own strings, so that no text of this phrase stays in memory.</summary>
    public IReadOnlyList<string> Reveal()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var list = WordList.Of(Language);
        return [.. Enumerable.Range(0, WordCount).Select(i => list.Words[Number(i)])];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bits);
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "RecoveryPhrase(redacted)";

    private static PhraseError? Judge(PhraseLanguage?[] languages)
    {
        List<int> unknown = [.. Positions(languages, language => language is null)];
        if (unknown.Count > 0)
            return PhraseError.Unknown(unknown);

        // On a draw the first word decides.
        var main = languages.GroupBy(language => language).OrderByDescending(group => group.Count()).First().Key!.Value;
        List<int> strangers = [.. Positions(languages, language => language != main)];
        return strangers.Count > 0 ? PhraseError.WrongLanguageMix(strangers, main) : null;
    }

    private static IEnumerable<int> Positions(PhraseLanguage?[] languages, Func<PhraseLanguage?, bool> which) =>
        languages.Index().Where(word => which(word.Item)).Select(word => word.Index + 1);

    /// <summary>How many words there are, also beyond those that have a place.</summary>
    private static int Split(ReadOnlySpan<char> text, Span<Range> ranges)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsWhiteSpace(text[i]))
                continue;

            var start = i;
            while (i < text.Length && !char.IsWhiteSpace(text[i]))
                i++;

            if (count < ranges.Length)
                ranges[count] = start..i;

            count++;
        }

        return count;
    }

    private static byte Checksum(ReadOnlySpan<byte> seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("interconnect recovery phrase 1"u8);
        hash.AppendData(seed);
        return hash.GetHashAndReset()[0];
    }

    private static void Write(byte[] bits, int word, int number)
    {
        for (var i = 0; i < BitsOfWord; i++)
        {
            var bit = (word * BitsOfWord) + i;
            bits[bit / 8] |= (byte)(((number >> (BitsOfWord - 1 - i)) & 1) << (7 - (bit % 8)));
        }
    }

    private int Number(int word)
    {
        var number = 0;
        for (var bit = word * BitsOfWord; bit < (word + 1) * BitsOfWord; bit++)
            number = (number << 1) | ((bits[bit / 8] >> (7 - (bit % 8))) & 1);

        return number;
    }
}

using System.Collections.Frozen;

namespace Interconnect.Endpoint;

/// <summary>
/// The 2,048 words of one language, in the order that gives each its number. The lists are frozen: a word's number is part of every phrase that was ever written
/// down. Words are lower-case ASCII of 3 to 8 letters; the first four letters (of a three-letter word all of it) say which word of which language it is.
/// </summary>
internal sealed class WordList
{
    /// <summary>Words in a list; a word stands for 11 bits.</summary>
    public const int Count = 2_048;

    /// <summary>Letters that are enough.</summary>
    public const int Significant = 4;

    private const int LongestWord = 8;

    private static readonly Lazy<WordList> LazyEnglish = new(() => new WordList(PhraseLanguage.English, "words-english.txt"));
    private static readonly Lazy<WordList> LazyGerman = new(() => new WordList(PhraseLanguage.German, "words-german.txt"));

    private readonly string[] words;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byBeginning;

    private WordList(PhraseLanguage language, string resource)
    {
        Language = language;
        using var stream = typeof(WordList).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing.");
        using var reader = new StreamReader(stream);
        words = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length != Count)
            throw new InvalidOperationException($"The resource {resource} does not hold {Count} words.");

        var numbers = words.Select((word, index) => KeyValuePair.Create(word[..Math.Min(Significant, word.Length)], index));
        byBeginning = numbers.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static IReadOnlyList<WordList> All => [LazyEnglish.Value, LazyGerman.Value];

    public PhraseLanguage Language { get; }

    public IReadOnlyList<string> Words => words;

    public static WordList Of(PhraseLanguage language) => language switch
    {
        PhraseLanguage.English => LazyEnglish.Value,
        PhraseLanguage.German => LazyGerman.Value,
    };

    /// <summary>The number of a word that was typed in full or from its fourth letter on broken off, in any case; -1 when there is none.</summary>
    public int Find(ReadOnlySpan<char> typed)
    {
        if (typed.Length is 0 or > LongestWord)
            return -1;

        Span<char> lower = stackalloc char[LongestWord];
        var length = typed.ToLowerInvariant(lower);
        var word = lower[..length];
        var found = byBeginning.TryGetValue(word[..Math.Min(Significant, length)], out var index)
            && words[index].AsSpan().StartsWith(word, StringComparison.Ordinal);
        lower.Clear();
        return found ? index : -1;
    }
}

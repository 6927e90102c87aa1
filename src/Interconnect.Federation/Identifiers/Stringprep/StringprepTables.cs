using System.Collections.Frozen;
using System.Globalization;

namespace Interconnect.Federation;

/// <summary>
/// The tables of stringprep (RFC 3454), all over Unicode 3.2, and that version's decompositions; they never change. The runtime's own are of no use here: they
/// change with it, and without ICU it normalises nothing.
/// </summary>
internal sealed class StringprepTables
{
    private readonly Dictionary<string, List<(int First, int Last)>> sets = [];
    private readonly FrozenDictionary<int, int> classes;
    private readonly FrozenDictionary<int, int[]> canonical;
    private readonly FrozenDictionary<int, int[]> compatible;
    private readonly FrozenDictionary<(int First, int Second), int> compositions;

    private StringprepTables(TextReader text)
    {
        var ccc = new Dictionary<int, int>();
        var whole = new Dictionary<int, int[]>();
        var like = new Dictionary<int, int[]>();
        var pairs = new Dictionary<(int, int), int>();
        while (text.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            switch (words[0])
            {
                case "#":
                    break;
                case "composed" or "canonical" or "compatible":
                    foreach (var (from, parts) in words.Skip(1).Select(Decomposition))
                    {
                        (words[0] == "compatible" ? like : whole).Add(from, parts);
                        if (words[0] == "composed")
                        {
                            pairs.Add((parts[0], parts[1]), from);
                        }
                    }

                    break;
                case var name when name.StartsWith("class-", StringComparison.Ordinal):
                    foreach (var (first, last) in words.Skip(1).Select(Range))
                    {
                        for (var i = first; i <= last; i++)
                        {
                            ccc.Add(i, int.Parse(name.AsSpan(6), CultureInfo.InvariantCulture));
                        }
                    }

                    break;
                case var name:
                    if (!sets.TryGetValue(name, out var ranges))
                    {
                        sets.Add(name, ranges = []);
                    }

                    ranges.AddRange(words.Skip(1).Select(Range));
                    break;
            }
        }

        (classes, canonical, compatible, compositions) = (ccc.ToFrozenDictionary(), whole.ToFrozenDictionary(), like.ToFrozenDictionary(), pairs.ToFrozenDictionary());
    }

    /// <summary>Read once.</summary>
    public static StringprepTables Instance { get; } = Load();

    /// <summary>Table A.1: no character of Unicode 3.2, so that versions may differ on it.</summary>
    public bool IsUnassigned(int rune) => In("unassigned", rune);

    /// <summary>Table B.1: commonly mapped to nothing.</summary>
    public bool IsNothing(int rune) => In("nothing", rune);

    /// <summary>Whether table B.2, or the lower case or case folding of any later version up to Unicode 17.0, makes another character of it.</summary>
    public bool IsFolded(int rune) => In("folded", rune);

    /// <summary>Table C.1.2: spaces outside ASCII.</summary>
    public bool IsSpace(int rune) => In("space", rune);

    /// <summary>Tables C.2 to C.9: controls, private use, surrogates, what is no text.</summary>
    public bool IsProhibited(int rune) => In("prohibited", rune);

    /// <summary>Table D.1.</summary>
    public bool IsRightToLeft(int rune) => In("right-to-left", rune);

    /// <summary>Table D.2.</summary>
    public bool IsLeftToRight(int rune) => In("left-to-right", rune);

    /// <summary>The canonical combining class; 0 for a starter.</summary>
    public int ClassOf(int rune) => classes.GetValueOrDefault(rune);

    /// <summary>One step of decomposition, canonical or compatible; null when there is none. Hangul is not in here.</summary>
    public int[]? PartsOf(int rune) => canonical.GetValueOrDefault(rune) ?? compatible.GetValueOrDefault(rune);

    /// <summary>The primary composite of two; null when there is none. Hangul is not in here.</summary>
    public int? Compose(int first, int second) => compositions.TryGetValue((first, second), out var whole) ? whole : null;

    private static StringprepTables Load()
    {
        using var stream = typeof(StringprepTables).Assembly.GetManifestResourceStream("stringprep.txt") ?? throw new InvalidOperationException("The tables are part of the assembly.");
        using var text = new StreamReader(stream);
        return new StringprepTables(text);
    }

    private static (int First, int Last) Range(string word)
    {
        var dash = word.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? (Hex(word), Hex(word)) : (Hex(word[..dash]), Hex(word[(dash + 1)..]));
    }

    private static (int From, int[] Parts) Decomposition(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        return (Hex(word[..equals]), [.. word[(equals + 1)..].Split('+').Select(Hex)]);
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private bool In(string set, int rune)
    {
        var ranges = sets[set];
        var (low, high) = (0, ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (rune < ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (rune > ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}

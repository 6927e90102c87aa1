using System.Text;

namespace Interconnect.Federation;

/// <summary>Normalization Form KC (Unicode Standard Annex 15) over Unicode 3.2, as stringprep has it: what that version does not know stays as it is.</summary>
internal static class CompatibilityForm
{
    // The arithmetic of Hangul syllables, Unicode Standard section 3.12.
    private const int FirstSyllable = 0xAC00;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int BeforeTrail = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Trails = 28;
    private static readonly StringprepTables Tables = StringprepTables.Instance;

    /// <summary>The normal form of well-formed text.</summary>
    public static string Of(string text)
    {
        if (text.All(char.IsAscii))
        {
            return text;
        }

        var runes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, runes);
        }

        Order(runes);
        Compose(runes);
        var result = new StringBuilder(text.Length);
        runes.ForEach(r => result.Append(new Rune(r).ToString()));
        return result.ToString();
    }

    private static void Decompose(int rune, List<int> into)
    {
        var syllable = rune - FirstSyllable;
        if (syllable is >= 0 and < Leads * Vowels * Trails)
        {
            into.Add(FirstLead + (syllable / (Vowels * Trails)));
            into.Add(FirstVowel + (syllable % (Vowels * Trails) / Trails));
            if (syllable % Trails > 0)
            {
                into.Add(BeforeTrail + (syllable % Trails));
            }
        }
        else if (Tables.PartsOf(rune) is { } parts)
        {
            Array.ForEach(parts, p => Decompose(p, into));
        }
        else
        {
            into.Add(rune);
        }
    }

    /// <summary>Marks behind one starter go by their class, those of one class as they came.</summary>
    private static void Order(List<int> runes)
    {
        for (var start = 0; start < runes.Count;)
        {
            var end = start;
            while (end < runes.Count && Tables.ClassOf(runes[end]) > 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                var marks = runes.GetRange(start, end - start).OrderBy(Tables.ClassOf).ToList();
                runes.RemoveRange(start, end - start);
                runes.InsertRange(start, marks);
            }

            start = end + 1;
        }
    }

    private static void Compose(List<int> runes)
    {
        var starter = -1;
        var kept = 0;
        var before = 0;
        for (var i = 0; i < runes.Count; i++)
        {
            var rune = runes[i];
            var own = Tables.ClassOf(rune);
            var blocked = starter < 0 || (kept - starter > 1 && before >= own);
            if (!blocked && Pair(runes[starter], rune) is { } whole)
            {
                runes[starter] = whole;
                continue;
            }

            if (own == 0)
            {
                starter = kept;
            }

            before = own;
            runes[kept++] = rune;
        }

        runes.RemoveRange(kept, runes.Count - kept);
    }

    private static int? Pair(int first, int second)
    {
        if (first - FirstLead is >= 0 and < Leads and var lead && second - FirstVowel is >= 0 and < Vowels and var vowel)
        {
            return FirstSyllable + (((lead * Vowels) + vowel) * Trails);
        }

        if (first - FirstSyllable is >= 0 and < Leads * Vowels * Trails and var syllable && syllable % Trails == 0 && second - BeforeTrail is > 0 and < Trails and var trail)
        {
            return first + trail;
        }

        return Tables.Compose(first, second);
    }
}

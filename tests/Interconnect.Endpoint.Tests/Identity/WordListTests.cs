using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Endpoint.Tests.Identity;

/// <summary>Every property that people who copy words by hand rely on, and that the lists never change.</summary>
public sealed class WordListTests
{
    /// <summary>English words that sound alike; at most one of each row may be in the list.</summary>
    private static readonly string[] English =
    [
        "air heir", "aisle isle", "aloud allowed", "bare bear", "beat beet", "berry bury", "blew blue", "board bored", "brake break", "buy bye", "cell sell", "cent scent sent",
        "cereal serial", "chord cord", "coarse course", "core corps", "creak creek", "dear deer", "dew due", "die dye", "eight ate", "fair fare", "feat feet", "flea flee",
        "flour flower", "fourth forth", "gait gate", "grate great", "groan grown", "hair hare", "hall haul", "heal heel", "hear here", "hole whole", "hour our", "idle idol",
        "knead need", "knight night", "knot not", "knows nose", "lead led", "leak leek", "made maid", "mail male", "main mane", "maize maze", "meat meet", "medal meddle", "mist missed",
        "moan mown", "morning mourning", "muscle mussel", "none nun", "one won", "pail pale", "pain pane", "pair pear pare", "peace piece", "peak peek", "plain plane", "pole poll",
        "pour pore poor", "pray prey", "principal principle", "rain reign rein", "raise rays", "read reed", "right write rite", "ring wring", "road rode", "role roll", "root route",
        "rose rows", "sail sale", "scene seen", "sea see", "seam seem", "sew so sow", "shoe shoo", "sight site cite", "soar sore", "sole soul", "son sun", "stair stare", "stake steak",
        "stationary stationery", "steal steel", "suite sweet", "sword soared", "tail tale", "team teem", "tear tier", "their there", "threw through", "throne thrown", "tide tied",
        "toe tow", "vain vein vane", "vary very", "wail whale", "waist waste", "wait weight", "ware wear where", "weak week", "weather whether", "wood would", "yoke yolk",
    ];

    private static readonly string[] German =
    [
        "arm arme", "bund bunt", "feld fällt", "ferse verse", "fetter vetter", "fiel viel", "heer hehr her", "held hält", "ihm im", "isst ist", "laib leib", "leere lehre", "lehrer leerer",
        "lerche lärche", "lid lied", "mahl mal", "main mein", "meer mehr", "miene mine", "mohr moor", "rad rat", "rain rein", "rede räte", "saite seite", "sohle sole", "stadt statt",
        "stiel stil", "tod tot", "uhr ur", "urzeit uhrzeit", "vier fier", "wagen vagen", "wahl wal", "wahr war", "waise weise", "weg weck", "wende wände", "wieder wider",
    ];

    [Theory]
    [InlineData(PhraseLanguage.English, "c84bb0d0ae5ca0585d1d5dccdda55eeab03218fb2849d92b70facc9c50403b9c")]
    [InlineData(PhraseLanguage.German, "d43fb9b5bc53c629c28e22ac9312b86041bd5ceadcf8ed0d8db4b65f5bb527c0")]
    public void Lists_AreFrozen(PhraseLanguage language, string hash)
    {
        var text = string.Concat(WordList.Of(language).Words.Select(word => word + "\n"));

        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))));
    }

    [Theory]
    [InlineData(PhraseLanguage.English)]
    [InlineData(PhraseLanguage.German)]
    public void Words_AreSortedAsciiOfThreeToEightLetters(PhraseLanguage language)
    {
        var words = WordList.Of(language).Words;

        Assert.Equal(2_048, words.Count);
        Assert.Equal(words.Order(StringComparer.Ordinal), words);
        Assert.All(words, word => Assert.True(word.Length is >= 3 and <= 8 && word.All(char.IsAsciiLetterLower), word));
    }

    [Fact]
    public void Beginnings_OfFourLetters_AreOneWordOfOneLanguage()
    {
        var beginnings = WordList.All.SelectMany(list => list.Words).Select(word => word[..Math.Min(4, word.Length)]).ToList();

        Assert.Equal(4_096, beginnings.Distinct().Count());
    }

    [Theory]
    [InlineData(PhraseLanguage.English)]
    [InlineData(PhraseLanguage.German)]
    public void Words_NeverBeginAnotherAndDifferByMoreThanOneLetter(PhraseLanguage language)
    {
        var words = WordList.Of(language).Words;
        var known = words.ToHashSet();

        foreach (var word in words)
        {
            Assert.DoesNotContain(Enumerable.Range(3, word.Length - 3).Select(length => word[..length]), known.Contains);
            Assert.DoesNotContain(Slips(word), slip => slip != word && known.Contains(slip));
        }
    }

    [Fact]
    public void Words_ThatSoundAlike_AreNotInOneList()
    {
        Assert.All(Sets(English), row => Assert.True(row.Count(WordList.Of(PhraseLanguage.English).Words.Contains) <= 1, string.Join(' ', row)));
        Assert.All(Sets(German), row => Assert.True(row.Count(WordList.Of(PhraseLanguage.German).Words.Contains) <= 1, string.Join(' ', row)));
    }

    [Theory]
    [InlineData("lette", true)]
    [InlineData("LETTER", true)]
    [InlineData("lett", true)]
    [InlineData("let", false)]
    [InlineData("letters", false)]
    [InlineData("lettuce", false)]
    [InlineData("ivy", true)]
    [InlineData("ivyx", false)]
    [InlineData("", false)]
    [InlineData("letterletter", false)]
    [InlineData("lettér", false)]
    public void Find_OfWhatIsTyped_NeedsFourLettersOrAll(string typed, bool found)
    {
        var list = WordList.Of(PhraseLanguage.English);

        Assert.Equal(found, list.Find(typed) >= 0);
        if (found)
            Assert.StartsWith(typed, list.Words[list.Find(typed)], StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<string[]> Sets(string[] rows) => rows.Select(row => row.Split(' '));

    /// <summary>One letter replaced, left out, put in, or two swapped.</summary>
    private static IEnumerable<string> Slips(string word)
    {
        for (var i = 0; i <= word.Length; i++)
        {
            for (var letter = 'a'; letter <= 'z'; letter++)
            {
                yield return word[..i] + letter + word[i..];
                if (i < word.Length)
                    yield return word[..i] + letter + word[(i + 1)..];
            }

            if (i < word.Length)
                yield return word[..i] + word[(i + 1)..];

            if (i + 1 < word.Length)
                yield return word[..i] + word[i + 1] + word[i] + word[(i + 2)..];
        }
    }
}

using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Interconnect.Mls;

namespace Interconnect.Endpoint.Tests.Identity;

public sealed class RecoveryPhraseTests
{
    private static readonly byte[] Counting = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Theory]
    [InlineData(PhraseLanguage.English)]
    [InlineData(PhraseLanguage.German)]
    public void Read_OfEveryWrittenSeed_GivesTheSeed(PhraseLanguage language) => Check.QuickThrowOnFailure(Prop.ForAll(Seeds(), bytes =>
    {
        using var seed = RecoverySeed.Import(bytes);
        using var phrase = RecoveryPhrase.Of(seed, language);
        using var read = Assert.IsType<PhraseReading.Read>(RecoveryPhrase.Read(string.Join(' ', phrase.Reveal()))).Phrase;
        using var again = read.ToSeed();

        return again.Matches(seed) && read.Language == language && again.Export().SequenceEqual(bytes);
    }));

    [Theory]
    [InlineData(0, PhraseLanguage.English,
        "abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey "
        + "abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey abbey beehive")]
    [InlineData(0, PhraseLanguage.German,
        "abbau abbau abbau abbau abbau abbau abbau abbau abbau abbau abbau abbau "
        + "abbau abbau abbau abbau abbau abbau abbau abbau abbau abbau abbau ausgang")]
    [InlineData(255, PhraseLanguage.English,
        "zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini "
        + "zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini zucchini win")]
    [InlineData(255, PhraseLanguage.German,
        "zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder "
        + "zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zylinder zeigen")]
    [InlineData(-1, PhraseLanguage.English,
        "abbey always lily always eyelash address calendar canvas apology girl duck butcher "
        + "accept mature entrance logo bishop resource airfield cricket ranch auburn keep tidal")]
    [InlineData(-1, PhraseLanguage.German,
        "abbau amateur koje amateur folie abwehr bienchen biotop annonce gruselig euter besitz "
        + "abgrund lager filzhut kopie bagger quirl albern dorn pizza archiv keimling torbogen")]
    public void Of_KnownSeeds_NeverChanges(int filler, PhraseLanguage language, string words)
    {
        using var seed = RecoverySeed.Import(filler < 0 ? Counting : Enumerable.Repeat((byte)filler, 32).ToArray());
        using var phrase = RecoveryPhrase.Of(seed, language);

        Assert.Equal(words, string.Join(' ', phrase.Reveal()));
    }

    [Fact]
    public void Read_AsPeopleType_IsUnderstood()
    {
        var words = Words(PhraseLanguage.German);
        string[] spellings =
        [
            string.Join(' ', words).ToUpperInvariant(),
            " \t" + string.Join("\r\n", words) + "\n\n",
            string.Join(' ', words.Select(word => word[..Math.Min(4, word.Length)])),
            string.Join('\u00a0', words.Select(word => char.ToUpperInvariant(word[0]) + word[1..])),
        ];

        Assert.All(spellings, spelling => Assert.Equal(words, Assert.IsType<PhraseReading.Read>(RecoveryPhrase.Read(spelling)).Phrase.Reveal()));
    }

    [Fact]
    public void Read_WrongCount_SaysHowMany()
    {
        var words = Words(PhraseLanguage.English);

        AssertRefused("PHR-002", "23 words", words.Skip(1));
        AssertRefused("PHR-002", "25 words", words.Append(words[0]));
        AssertRefused("PHR-002", "0 words", []);
        AssertRefused("PHR-001", "1024", Enumerable.Repeat(words[0], 300));
        Assert.IsType<PhraseReading.Read>(RecoveryPhrase.Read(string.Join(' ', words)));
    }

    [Fact]
    public void Read_UnknownWords_SaysWhichPlacesAndNotWhich()
    {
        var words = Words(PhraseLanguage.English);
        var wrong = words.ToArray();
        wrong[6] = "qqqqsecret";

        var error = AssertRefused("PHR-003", "Word 7 is", wrong);
        Assert.Equal([7], error.Positions);
        Assert.Contains("first four letters", error.Advice, StringComparison.Ordinal);

        wrong[23] = wrong[23][..3] + "!";
        Assert.Equal([7, 24], AssertRefused("PHR-003", "Words 7, 24 are", wrong).Positions);
    }

    [Fact]
    public void Read_WordsOfTwoLanguages_SaysWhichAreTheStrangers()
    {
        var english = Words(PhraseLanguage.English);
        var german = Words(PhraseLanguage.German);

        Assert.Equal([2, 9], AssertRefused("PHR-004", "which are English", english.Select((word, i) => i is 1 or 8 ? german[i] : word)).Positions);
        Assert.Equal([3], AssertRefused("PHR-004", "which are German", german.Select((word, i) => i is 2 ? english[i] : word)).Positions);
        Assert.Equal(12, AssertRefused("PHR-004", "which are German", german.Select((word, i) => i % 2 == 1 ? english[i] : word)).Positions.Count);
    }

    [Fact]
    public void Read_WordsExchanged_FailsTheChecksum()
    {
        var words = Words(PhraseLanguage.English);
        var list = WordList.Of(PhraseLanguage.English).Words;
        var passed = 0;
        for (var i = 0; i < list.Count; i++)
        {
            var changed = words.ToArray();
            changed[4] = list[i];
            if (RecoveryPhrase.Read(string.Join(' ', changed)) is PhraseReading.Refused { Error: var error })
                Assert.Equal(("PHR-005", 0), (error.RuleId, error.Positions.Count));
            else
                passed++;
        }

        // The right word, and about one in 256 of the others: the checksum has 8 bits.
        Assert.InRange(passed, 1, 25);
    }

    [Fact]
    public void Identity_OfASeed_IsEd25519OfTheSeed()
    {
        // RFC 8032 section 7.1, test 1.
        using var seed = RecoverySeed.Import(Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        using var one = seed.DeriveIdentityKey();
        using var again = seed.DeriveIdentityKey();

        Assert.Equal("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", Convert.ToHexStringLower(one.PublicKey.Span));
        Assert.Equal(1, one.Suite.Id);
        Assert.Equal(one.SignWithLabel("Test", Counting), again.SignWithLabel("Test", Counting));
    }

    [Fact]
    public void Secrets_PrintedOrDisposed_ShowNothing()
    {
        using var seed = RecoverySeed.Create();
        using var other = RecoverySeed.Create();
        var phrase = RecoveryPhrase.Of(seed, PhraseLanguage.English);
        var words = phrase.Reveal();
        PhraseReading reading = new PhraseReading.Read(phrase);

        Assert.False(seed.Matches(other));
        Assert.Equal("RecoverySeed(redacted)", seed.ToString());
        Assert.All(words, word => Assert.DoesNotContain($" {word} ", $" {reading} {phrase} ", StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => RecoverySeed.Import(Counting.AsSpan(1)));

        phrase.Dispose();
        seed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => phrase.Reveal());
        Assert.Throws<ObjectDisposedException>(() => phrase.ToSeed());
        Assert.Throws<ObjectDisposedException>(() => seed.Export());
        Assert.Throws<ObjectDisposedException>(() => seed.DeriveIdentityKey());
    }

    [Fact]
    public void Read_OfRubbish_NeverThrows()
    {
        var random = RandomNumberGenerator.GetBytes(4_000).Select(b => (char)(b * 37)).ToArray();
        for (var i = 0; i + 400 < random.Length; i++)
            Assert.IsType<PhraseReading.Refused>(RecoveryPhrase.Read(random.AsSpan(i, 400)));
    }

    private static Arbitrary<byte[]> Seeds() => ArbMap.Default.GeneratorFor<byte>().ArrayOf(RecoverySeed.Size).ToArbitrary();

    private static IReadOnlyList<string> Words(PhraseLanguage language)
    {
        using var seed = RecoverySeed.Import(Counting);
        using var phrase = RecoveryPhrase.Of(seed, language);
        return phrase.Reveal();
    }

    private static PhraseError AssertRefused(string ruleId, string says, IEnumerable<string> words)
    {
        var typed = words.ToList();
        var error = Assert.IsType<PhraseReading.Refused>(RecoveryPhrase.Read(string.Join(' ', typed))).Error;
        Assert.Equal(ruleId, error.RuleId);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(typed, word => error.ToString().Split(' ', '.', ',').Contains(word) && !"the is are word words".Split(' ').Contains(word));
        return error;
    }
}

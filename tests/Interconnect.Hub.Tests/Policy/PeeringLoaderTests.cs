using System.Text;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Hub.Tests.Policy;

public sealed class PeeringLoaderTests
{
    private const string Good = """{ "id": "x", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 2, "maxMessageBytes": 4096 }""";

    [Theory]
    [InlineData("[]", "an object")]
    [InlineData("{", "not JSON")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096, "maxMesageBytes": 1 }""", "maxMesageBytes is not a key")]
    [InlineData("""{ "id": "x", "id": "y", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "id is there once")]
    [InlineData("""{ "id": "a b", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "id is 1 to 64")]
    [InlineData("""{ "id": "x", "between": ["a.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "between names")]
    [InlineData("""{ "id": "x", "between": ["a.test", "A.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "two different")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test", 7], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "between names")]
    [InlineData("""{ "id": "x", "between": "a.test", "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "between names")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"], "lanes": ["plaintext"], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "lanes lists")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"], "lanes": [], "minimumSuite": 1, "maxMessageBytes": 4096 }""", "lanes lists")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 8, "maxMessageBytes": 4096 }""", "minimumSuite is a whole number")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"], "lanes": ["mls10"], "minimumSuite": 1, "maxMessageBytes": "4096" }""", "maxMessageBytes is a whole number")]
    [InlineData("""{ "id": "x", "between": ["a.test", "hs.test"] }""", "lanes is missing")]
    public void Read_Mistake_IsNamed(string json, string said)
    {
        var problems = new List<string>();
        Assert.Null(PeeringLoader.Read("x.json", Encoding.UTF8.GetBytes(json), problems));
        Assert.Contains(problems, p => p.Contains(said, StringComparison.Ordinal));
        Assert.All(problems, p => Assert.StartsWith("x.json: ", p, StringComparison.Ordinal));

        problems.Clear();
        var agreement = PeeringLoader.Read("x.json", Encoding.UTF8.GetBytes(Good), problems);
        Assert.Empty(problems);
        Assert.Equal(("x", "a.test", "hs.test", (ushort)2, 4096), (agreement!.Id, agreement.First.Value, agreement.Second.Value, agreement.MinimumSuite, agreement.MaxMessageBytes));
        Assert.Equal([InnerEncryption.Mls10], agreement.Lanes);
    }

    [Fact]
    public void Read_ManyMistakes_AreAllNamed()
    {
        var problems = new List<string>();
        Assert.Null(PeeringLoader.Read("x.json", "{ \"between\": 1, \"lanes\": 1, \"other\": 1 }"u8.ToArray(), problems));
        Assert.Equal(6, problems.Count);
    }

    [Fact]
    public void LoadFolder_Absent_IsAMistake_ExampleIsRead()
    {
        Assert.Single(PeeringLoader.LoadFolder("/nowhere/at/all").Problems);

        var (agreements, problems) = PeeringLoader.LoadFolder(Path.Combine(SharedFiles.RepositoryRoot, "config", "peerings"));
        Assert.Empty(problems);
        Assert.Single(agreements);
    }

    [Fact]
    public void LoadFolder_OneBadFile_NamesItAndReadsTheOthers()
    {
        var folder = Directory.CreateTempSubdirectory("peerings-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "a.json"), "{}");
            File.WriteAllText(Path.Combine(folder, "b.json"), Good);
            File.WriteAllText(Path.Combine(folder, "c.json"), new string(' ', PeeringLoader.MaxFileBytes + 1));
            File.WriteAllText(Path.Combine(folder, "d.txt"), "not one");
            var (agreements, problems) = PeeringLoader.LoadFolder(folder);
            Assert.Single(agreements);
            Assert.Contains(problems, p => p.StartsWith("a.json", StringComparison.Ordinal));
            Assert.Contains(problems, p => p.StartsWith("c.json", StringComparison.Ordinal));
            Assert.DoesNotContain(problems, p => p.StartsWith("d.txt", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}

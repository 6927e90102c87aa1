using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Identity;

public sealed class SafetyQrTests : IDisposable
{
    private const string Golden = """
        interconnect safety 2
        mimi://a.test/u/alice
        5b76vyf_kv6pe8cZb4s1OxxH92dz4wIPa-yjJvSAFWU
        mimi://b.test/u/bob
        Ht0WuWXUh2l8ECQ08tJmauVvDL99kQdLawfUxZ5QbQM
        """;

    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly UserUri Bob = UserUri.Parse("mimi://b.test/u/bob");
    private static readonly byte[] KeyOfAlice = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] KeyOfBob = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];
    private static readonly SafetyQr AtAlice = SafetyQr.Of(Alice, KeyOfAlice, Bob, KeyOfBob);
    private static readonly SafetyQr AtBob = SafetyQr.Of(Bob, KeyOfBob, Alice, KeyOfAlice);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Payload_IsTheSameAtBothEndsAndNeverChanges()
    {
        Assert.Equal(Golden, AtAlice.Payload);
        Assert.Equal(Golden, AtBob.Payload);
        Assert.IsType<SafetyQrCheck.Match>(AtAlice.Check(AtBob.Payload));
        Assert.IsType<SafetyQrCheck.Match>(AtBob.Check(AtAlice.Payload + "\n"));
        Assert.DoesNotContain("alice", AtAlice.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SafetyQr.Of(Alice, KeyOfAlice, Bob, KeyOfBob.AsSpan(1)));
    }

    [Fact]
    public void Check_OfOtherKeysAndUsers_SaysWhoseDiffer()
    {
        var mallory = Enumerable.Repeat((byte)7, 32).ToArray();
        var cathy = UserUri.Parse("mimi://b.test/u/cathy");

        Mismatch("SAF-024", "identity key of yours", SafetyQr.Of(Bob, KeyOfBob, Alice, mallory));
        Mismatch("SAF-024", "Their identity key", SafetyQr.Of(Bob, mallory, Alice, KeyOfAlice));
        Mismatch("SAF-024", "Both", SafetyQr.Of(Bob, KeyOfAlice, Alice, KeyOfBob));
        Mismatch("SAF-023", "two other users", SafetyQr.Of(cathy, KeyOfBob, Alice, KeyOfAlice));
        Mismatch("SAF-023", "two other users", SafetyQr.Of(cathy, KeyOfBob, Bob, KeyOfAlice));
        Assert.IsType<SafetyQrCheck.Match>(AtAlice.Check(AtBob.Payload));

        static void Mismatch(string ruleId, string says, SafetyQr other)
        {
            var mismatch = Assert.IsType<SafetyQrCheck.Mismatch>(AtAlice.Check(other.Payload));
            Assert.Equal(ruleId, mismatch.RuleId);
            Assert.Contains(says, mismatch.Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("SAF-020", "https://a.test/")]
    [InlineData("SAF-020", "")]
    [InlineData("SAF-020", "Interconnect safety 2")]
    [InlineData("SAF-021", "interconnect safety 3\nanything")]
    [InlineData("SAF-021", "interconnect safety 22")]
    [InlineData("SAF-022", "interconnect safety 2")]
    [InlineData("SAF-022", Golden + "\nmore")]
    [InlineData("SAF-022", "interconnect safety 2\nmimi://A.test/u/alice\n5b76vyf_kv6pe8cZb4s1OxxH92dz4wIPa-yjJvSAFWU\nmimi://b.test/u/bob\nHt0WuWXUh2l8ECQ08tJmauVvDL99kQdLawfUxZ5QbQM")]
    [InlineData("SAF-022", "interconnect safety 2\nmimi://a.test/u/alice\n=\nmimi://b.test/u/bob\nHt0WuWXUh2l8ECQ08tJmauVvDL99kQdLawfUxZ5QbQM")]
    [InlineData("SAF-022", "interconnect safety 2\nmimi://a.test/u/alice\n5b76vyf_kv6pe8cZb4s1OxxH92dz4wIPa-yjJvSAFWU \nmimi://b.test/u/bob\nHt0WuWXUh2l8ECQ08tJmauVvDL99kQdLawfUxZ5QbQM")]
    public void Check_OfWhatIsNoSafetyData_SaysWhy(string ruleId, string payload) =>
        Assert.Equal(ruleId, Assert.IsType<SafetyQrCheck.Unreadable>(AtAlice.Check(payload)).RuleId);

    [Fact]
    public void Check_OfTooMuch_IsNotSafetyData() =>
        Assert.Equal("SAF-020", Assert.IsType<SafetyQrCheck.Unreadable>(AtAlice.Check("interconnect safety 2" + new string('\n', 5_000))).RuleId);

    [Fact]
    public void Pictures_OnFile_AreReadBack()
    {
        Directory.CreateDirectory(folder.Path);
        File.WriteAllBytes(folder.File("qr.png"), AtBob.ToPng());

        var found = Assert.IsType<QrPictureReading.Found>(SafetyQr.ReadPicture(folder.File("qr.png")));
        Assert.IsType<SafetyQrCheck.Match>(AtAlice.Check(found.Text));
        Assert.Equal("Found(redacted)", found.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Terminals_LightOrDark_ShowACodeThatIsReadBack(bool lightText)
    {
        // Drawn as a terminal would: four pixels a module, a little darker than white and lighter than black.
        var lines = AtAlice.ToTerminal(lightText).TrimEnd('\n').Split('\n');
        var picture = new GrayPicture(lines[0].Length * 4, lines.Length * 8);
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var printed = lines[y / 8][x / 4] is '█' || lines[y / 8][x / 4] == (y % 8 < 4 ? '▀' : '▄');
                picture.Pixels[(y * picture.Width) + x] = printed == lightText ? (byte)220 : (byte)40;
            }
        }

        Assert.True(lines[0].Length <= 80, "wider than a terminal");
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
        Assert.Equal(Golden, Assert.IsType<QrPictureReading.Found>(QrPicture.Read(picture)).Text);
    }

    [Fact]
    public void Pictures_TurnedNoisyOrOnAScreenshot_AreReadBack()
    {
        Assert.True(PictureFile.TryDecode(AtAlice.ToPng(), out var code, out _));
        var random = new Random(5);
        var page = new GrayPicture(1_000, 900);
        Array.Fill(page.Pixels, (byte)235);
        for (var y = 0; y < code.Height; y++)
        {
            for (var x = 0; x < code.Width; x++)
            {
                // A quarter turn, somewhere on a page.
                page.Pixels[((x + 120) * page.Width) + 300 + code.Height - 1 - y] = (byte)Math.Clamp(code.Pixels[(y * code.Width) + x] + random.Next(-60, 60), 0, 255);
            }
        }

        Assert.Equal(Golden, Assert.IsType<QrPictureReading.Found>(QrPicture.Read(page)).Text);
    }

    [Fact]
    public void Pictures_WithoutACode_AreRefused()
    {
        var random = new Random(6);
        for (var i = 0; i < 30; i++)
        {
            var picture = new GrayPicture(random.Next(1, 200), random.Next(1, 200));
            if (i % 3 != 0)
                random.NextBytes(picture.Pixels);

            Assert.Equal("SAF-016", Assert.IsType<QrPictureReading.Refused>(QrPicture.Read(picture)).Error.RuleId);
        }
    }

    [Fact]
    public void Pictures_OfTheLongestUsers_AreReadBack()
    {
        var one = UserUri.Parse("mimi://a.test/u/" + string.Concat(Enumerable.Repeat("%C3%A9", 80)));
        var other = UserUri.Parse("mimi://b.test/u/" + string.Concat(Enumerable.Repeat("%C3%A9", 80)));
        var qr = SafetyQr.Of(one, KeyOfAlice, other, KeyOfBob);

        Assert.True(PictureFile.TryDecode(qr.ToPng(), out var picture, out _));
        Assert.Equal(qr.Payload, Assert.IsType<QrPictureReading.Found>(QrPicture.Read(picture)).Text);
    }
}

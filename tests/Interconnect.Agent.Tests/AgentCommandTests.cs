using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Testing;

namespace Interconnect.Agent.Tests;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AgentCommandTests : IDisposable
{
    private readonly FakeGateway gateway = new(TimeProvider.System);
    private readonly AgentRun alice;
    private readonly AgentRun bob;

    public AgentCommandTests()
    {
        alice = new AgentRun(gateway, "alice@a.test");
        bob = new AgentRun(gateway, "bob@b.test");
    }

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    [Fact]
    public async Task AMessageCrossesBetweenTwoAgentsAndIsAnsweredAndBothSeeTheSameSafetyNumber()
    {
        Assert.Equal(0, (await alice.InitAsync()).Code);
        Assert.Equal(0, (await bob.InitAsync()).Code);
        var listening = bob.RunAsync("listen", "--auto-consent", "--count", "1", "--timeout", "50");

        var sent = await alice.RunAsync("send", "bob@b.test", "Grüße \u001b[2J", "--ask-consent", "--wait", "delivered");
        var heard = await listening;
        var answer = bob.RunAsync("send", "mimi://a.test/u/alice", "Hello", "--wait", "delivered");
        var back = await alice.SayAsync("listen", "--count", "1", "--timeout", "50");
        await answer;

        Assert.Equal(0, sent.Code);
        Assert.Equal("delivered", (string?)Line(sent.Lines, "sent")["state"]);
        Assert.Equal("Grüße \u001b[2J", (string?)Line(heard.Lines, "message")["text"]);
        Assert.Equal((string?)Line(sent.Lines, "sent")["messageId"], (string?)Line(heard.Lines, "message")["messageId"]);
        Assert.Contains("mimi://b.test/u/bob: Hello", back.Out, StringComparison.Ordinal);
        Assert.Equal((string?)Line((await alice.RunAsync("safety", "bob@b.test")).Lines, "safety")["number"], (string?)Line((await bob.RunAsync("safety", "alice@a.test")).Lines, "safety")["number"]);
        Assert.Equal("granted", (string?)Line((await alice.RunAsync("contacts")).Lines, "contact")["theyAllow"]);
    }

    [Fact]
    public async Task Listen_PrintsWhatCameEarlierAndWasNotShown_Once()
    {
        await alice.InitAsync();
        await bob.InitAsync();
        var listening = bob.RunAsync("listen", "--auto-consent", "--count", "1", "--timeout", "50");
        await alice.RunAsync("send", "bob@b.test", "one", "--ask-consent", "--wait", "delivered");
        await listening;
        await alice.RunAsync("send", "bob@b.test", "two");

        // Bob connects for something else; the message is saved then and shown later.
        Assert.Equal(0, (await bob.RunAsync("send", "alice@a.test", "busy")).Code);
        var later = await bob.RunAsync("listen", "--count", "1", "--timeout", "50");
        var nothing = await bob.RunAsync("listen", "--count", "1", "--timeout", "1");

        Assert.Equal("two", (string?)Line(later.Lines, "message")["text"]);
        Assert.Equal(ExitCode.TimedOut, nothing.Code);
    }

    [Fact]
    public async Task Send_WithoutConsent_IsBlockedWithAdvice()
    {
        await alice.InitAsync();
        await bob.InitAsync();

        var (code, lines) = await alice.RunAsync("send", "bob@b.test", "hi");

        Assert.Equal(ExitCode.Blocked, code);
        Assert.Equal("END-101", (string?)Line(lines, "error")["rule"]);
        Assert.Contains("consent request", (string?)Line(lines, "error")["advice"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Consent_RequestWaitGrantRevoke_AreToldToTheOther()
    {
        await alice.InitAsync();
        await bob.InitAsync();
        var asking = alice.RunAsync("consent", "request", "bob@b.test", "--wait");
        while ((await bob.RunAsync("listen", "--timeout", "1")).Lines.All(line => (string?)line["event"] != "consent-requested"))
        {
            // Until the request is there.
        }

        Assert.Equal(0, (await bob.RunAsync("consent", "grant", "alice@a.test")).Code);
        Assert.Contains((await asking).Lines, line => (string?)line["event"] == "consent-granted");
        Assert.Equal(0, (await bob.RunAsync("consent", "revoke", "alice@a.test")).Code);
        var told = await alice.RunAsync("listen", "--timeout", "2");
        Assert.Contains(told.Lines, line => (string?)line["event"] == "consent-revoked");
        Assert.Equal("revoked", (string?)Line((await bob.RunAsync("consent", "list")).Lines, "contact")["weAllow"]);
    }

    [Fact]
    public async Task Consent_Grant_WaitsForTheRequestThatComesAfterConnecting()
    {
        await alice.InitAsync();
        await bob.InitAsync();
        var notAsked = await bob.RunAsync("consent", "grant", "alice@a.test");
        var inVain = await bob.RunAsync("consent", "grant", "alice@a.test", "--wait", "--timeout", "0.5");
        Assert.Equal((ExitCode.Blocked, "END-109"), (notAsked.Code, (string?)Line(notAsked.Lines, "error")["rule"]));
        Assert.Equal(ExitCode.TimedOut, inVain.Code);
        Assert.Contains("has not asked", (string?)Line(inVain.Lines, "error")["reason"], StringComparison.Ordinal);

        // The request waits on the network, which brings it some time after the login.
        Assert.Equal(0, (await alice.RunAsync("consent", "request", "bob@b.test")).Code);
        bob.BeforeReceiving = Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await bob.RunAsync("consent", "grant", "alice@a.test")).Code);
        bob.BeforeReceiving = Task.CompletedTask;

        // Longer when told to.
        using var carol = new AgentRun(gateway, "carol@c.test");
        await carol.InitAsync();
        var granting = bob.RunAsync("consent", "grant", "carol@c.test", "--wait");
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.False(granting.IsCompleted);
        Assert.Equal(0, (await carol.RunAsync("consent", "request", "bob@b.test", "--wait")).Code);
        Assert.Equal(0, (await granting).Code);
    }

    [Fact]
    public async Task Chat_SendsEachLineAndEndsWithTheInput()
    {
        await alice.InitAsync();
        await bob.InitAsync();
        var listening = bob.RunAsync("listen", "--auto-consent", "--count", "1", "--timeout", "50");
        await alice.RunAsync("send", "bob@b.test", "zero", "--ask-consent", "--wait", "delivered");
        await listening;

        var (code, _, _) = await alice.RawAsync("one\n\ntwo\n", ["chat", "bob@b.test"]);
        var heard = await bob.RunAsync("listen", "--count", "2", "--timeout", "50");

        Assert.Equal(0, code);
        Assert.Equal(["one", "two"], heard.Lines.Where(line => (string?)line["event"] == "message").Select(line => (string?)line["text"]));
    }

    [Theory]
    [InlineData("XMC-007", false)]
    [InlineData("XMC-001", true)]
    public async Task Init_ThatDidNotLogIn_LeavesNothingAndCanBeGivenAgain(string rule, bool retry)
    {
        alice.Refusal = new TransportFailure(rule, "no", "try", retry);

        var first = await alice.InitAsync();

        Assert.Equal((ExitCode.Network, rule), (first.Code, (string?)Line(first.Lines, "error")["rule"]));
        Assert.False(File.Exists(alice.KeyFile));
        Assert.False(EndpointStore.Exists(alice.Home));
        alice.Refusal = null;
        Assert.Equal(0, (await alice.InitAsync()).Code);
        Assert.Equal(0, (await alice.RunAsync("whoami")).Code);
    }

    [SharedFact("cases/agent-init-key-file-left")]
    public async Task Init_OfTheReportedCase_WorksTheSecondTime()
    {
        var commands = (await File.ReadAllTextAsync(SharedFiles.PathOf("cases/agent-init-key-file-left/commands.txt"))).Split(';');
        Assert.Contains("init --new-key-file", commands[0], StringComparison.Ordinal);
        Assert.Contains("STO-010", commands[1], StringComparison.Ordinal);
        alice.Refusal = new TransportFailure("XMC-007", "wrong password", "try", false);
        Assert.Equal(ExitCode.Network, (await alice.InitAsync()).Code);
        alice.Refusal = null;

        Assert.Equal(ExitCode.Ok, (await alice.InitAsync()).Code);
    }

    [Theory]
    [InlineData("--network", "xmpp", "--address", "Stra\u00dfe@a.test")]
    [InlineData("--network", "xmpp", "--address", "no address")]
    [InlineData("--network", "xmpp", "--address", "alice@a.test", "--device", "a\u0001b")]
    public async Task Init_WithWrongValues_LeavesNoKeyFile(params string[] values)
    {
        var (code, _) = await alice.RunAsync(["init", .. values, "--new-key-file", alice.KeyFile]);

        Assert.Equal(ExitCode.Usage, code);
        Assert.False(File.Exists(alice.KeyFile));
        Assert.False(EndpointStore.Exists(alice.Home));
    }

    [Fact]
    public async Task Init_WhereTheStoreCannotBe_LeavesNoKeyFile()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(alice.Home)!);
        await File.WriteAllTextAsync(alice.Home, "a file where the folder should be");

        Assert.Equal(ExitCode.Store, (await alice.InitAsync()).Code);

        Assert.False(File.Exists(alice.KeyFile));
        File.Delete(alice.Home);
        Assert.Equal(0, (await alice.InitAsync()).Code);
    }

    [Fact]
    public async Task Init_OverAKeyFileThatExists_IsRefusedAndTheFileStays()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(alice.KeyFile)!);
        await File.WriteAllTextAsync(alice.KeyFile, "of another store");

        var (code, lines) = await alice.InitAsync();

        Assert.Equal((ExitCode.Store, "STO-010"), (code, (string?)Line(lines, "error")["rule"]));
        Assert.Equal("of another store", await File.ReadAllTextAsync(alice.KeyFile));
        Assert.False(EndpointStore.Exists(alice.Home));
    }

    [Fact]
    public async Task Init_ThatWaitsInVain_KeepsStoreAndKeyFileTogether()
    {
        alice.BeforeReceiving = Task.Delay(System.Threading.Timeout.Infinite);

        var (code, _) = await alice.RunAsync("init", "--network", "xmpp", "--address", "alice@a.test", "--new-key-file", alice.KeyFile, "--timeout", "0.5");

        Assert.Equal(ExitCode.TimedOut, code);
        Assert.Equal(0, (await alice.RunAsync("whoami")).Code);
    }

    [Fact]
    public async Task WhoAmI_WorksOffline_AndInitTwiceIsRefused()
    {
        Assert.Equal(ExitCode.Store, (await alice.RunAsync("whoami", "--key-file", "/nonexistent")).Code);
        var made = await alice.RunAsync("init", "--network", "matrix", "--address", "@alice:hs.test", "--offline", "--new-key-file", alice.KeyFile);
        var known = await alice.RunAsync("whoami");
        var again = await alice.RunAsync("init", "--network", "matrix", "--address", "@alice:hs.test", "--offline", "--key-file", alice.KeyFile);

        Assert.Equal(0, made.Code);
        Assert.Equal("mimi://hs.test/u/alice", (string?)Line(known.Lines, "identity")["user"]);
        Assert.Equal((string?)Line(made.Lines, "initialised")["keyFingerprint"], (string?)Line(known.Lines, "identity")["keyFingerprint"]);
        Assert.Equal((ExitCode.Store, "STO-002"), (again.Code, (string?)Line(again.Lines, "error")["rule"]));
    }

    [Fact]
    public async Task ASecretsFileThatOthersCanRead_IsRefused_AndAWrongPassphraseSaysSo()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Path);
        var passphrase = folder.File("passphrase");
        await File.WriteAllTextAsync(passphrase, "correct horse\n");
        File.SetUnixFileMode(passphrase, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        string[] init = ["init", "--network", "xmpp", "--address", "alice@a.test", "--offline", "--passphrase-file", passphrase];

        Assert.Equal("STO-009", (string?)Line((await alice.RunAsync(init)).Lines, "error")["rule"]);
        File.SetUnixFileMode(passphrase, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(0, (await alice.RunAsync(init)).Code);
        await File.WriteAllTextAsync(passphrase, "correct horsf\n");
        var (code, lines) = await alice.RunAsync("whoami", "--passphrase-file", passphrase);
        Assert.Equal((ExitCode.Store, "STO-003"), (code, (string?)Line(lines, "error")["rule"]));
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("init", "--network", "carrier-pigeon", "--address", "x@a.test")]
    [InlineData("send")]
    [InlineData("send", "bob@b.test", "x", "--wait", "for ever")]
    [InlineData("listen", "--timeout", "-1")]
    [InlineData("whoami", "--passphrase", "on the command line")]
    public async Task AWrongCommandLine_IsUsage(params string[] arguments)
    {
        var (code, output, error) = await alice.RawAsync("", arguments);

        Assert.Equal(ExitCode.Usage, code);
        Assert.NotEmpty(error);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("bob")]
    [InlineData("@bob")]
    [InlineData("mimi://b.test/r/room")]
    public async Task AUserThatIsNone_IsUsage(string user)
    {
        await alice.InitAsync();

        Assert.Equal(ExitCode.Usage, (await alice.RunAsync("send", user, "hi")).Code);
        Assert.Equal("END-108", (string?)Line((await alice.RunAsync("safety", "@bob:b.test")).Lines, "error")["rule"]);
    }

    [Fact]
    public async Task CtrlC_EndsCleanlyAndTheStoreIsFree()
    {
        await alice.InitAsync();
        using var interrupt = new CancellationTokenSource(TimeSpan.FromSeconds(2));

        var (code, _, _) = await alice.RawAsync("", ["listen"], interrupt.Token);

        Assert.Equal(ExitCode.Interrupted, code);
        Assert.Equal(0, (await alice.RunAsync("whoami")).Code);
    }

    [Theory]
    [InlineData("a\u001b[31mb", "a\u241b[31mb")]
    [InlineData("a\u0007\u007f\u0085\u202eb", "a\u2407\u2421\ufffd\ufffdb")]
    [InlineData("a\nb\tc", "a\n    b\tc")]
    [InlineData("grüße 😀", "grüße 😀")]
    public void Harmless_ShowsControlCharactersInsteadOfSendingThem(string text, string shown) => Assert.Equal(shown, AgentOutput.Harmless(text));

    private static JsonObject Line(List<JsonObject> lines, string name) =>
        Assert.Single(lines, line => (string?)line["event"] == name);
}

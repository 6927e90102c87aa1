namespace Interconnect.Sandbox.Tests.Xmpp;

/// <summary>Clients that nobody here wrote speak to the simulated XMPP server.</summary>
public sealed class XmppInteropTests
{
    private const string Password = "correct horse";

    [Fact]
    public async Task XmppJs_ClientAndComponent_CrossResumeAndReadOfflineMessages()
    {
        await using var server = await StartAsync();
        var certificate = Path.GetTempFileName();
        await File.WriteAllTextAsync(certificate, server.CertificatePem);

        var seen = await Interop.RunAsync("xmpp-client.mjs", Argument(server), new Dictionary<string, string?> { ["NODE_EXTRA_CA_CERTS"] = certificate });

        File.Delete(certificate);
        Assert.Equal("alice@a.test/one", (string?)seen["jid"]);
        Assert.True((bool?)seen["resumable"]);
        var componentGot = seen["componentGot"]!;
        Assert.Equal("alice@a.test/one", (string?)componentGot["from"]);
        Assert.Equal(@"bob\40hs.test@gw.a.test", (string?)componentGot["to"]);
        Assert.True((bool?)componentGot["intact"]);
        Assert.True((bool?)componentGot["receipt"]);
        Assert.Equal("hello <&> \U0001F600", (string?)seen["clientGot"]!["body"]);
        Assert.Equal("m1", (string?)seen["clientGot"]!["receiptOf"]);
        Assert.Equal("result", (string?)seen["ping"]);
        Assert.Contains("urn:xmpp:ping", seen["features"]!.AsArray().Select(f => (string?)f));
        Assert.Equal("service-unavailable", (string?)seen["unknown"]);
        Assert.Equal("remote-server-not-found", (string?)seen["stranger"]);
        Assert.True((bool?)seen["resumed"]);
        Assert.Equal("while away", (string?)seen["afterResumption"]);
        Assert.Equal("kept offline", (string?)seen["offline"]!["body"]);
        Assert.True((bool?)seen["offline"]!["delayed"]);
    }

    [Theory]
    [InlineData("SCRAM-SHA-256")]
    [InlineData("SCRAM-SHA-1")]
    public async Task Slixmpp_EachMechanism_SignsInOverTlsAndIsAnswered(string mechanism)
    {
        await using var server = await StartAsync();
        var certificate = Path.GetTempFileName();
        await File.WriteAllTextAsync(certificate, server.CertificatePem);

        var seen = await Interop.RunAsync("xmpp_client.py", new { domain = server.Domain, clientPort = server.ClientPort, user = "alice", password = Password, certificate, peer = "alice@a.test", mechanism });

        File.Delete(certificate);
        Assert.Equal("failed_auth", (string?)seen["wrongPassword"]);
        Assert.Equal("alice@a.test/one", (string?)seen["jid"]);
        Assert.Equal("sm_enabled", (string?)seen["management"]);
        Assert.StartsWith("TLSv1.", (string?)seen["tls"]);
        Assert.Equal("result", (string?)seen["roster"]);
        Assert.Equal("""[["server","im"]]""", seen["identity"]!.ToJsonString());
        Assert.True((bool?)seen["ping"]);
        Assert.Equal("to myself", (string?)seen["answer"]);
        Assert.Equal("service-unavailable", (string?)seen["version"]);
        Assert.Equal("service-unavailable", (string?)seen["toNobody"]);
    }

    internal static Task<SimulatedXmppServer> StartAsync(SimulatedXmppOptions? options = null) => StartWithAliceAsync(options ?? new SimulatedXmppOptions { Domain = "a.test", Components = new Dictionary<string, string> { ["gw.a.test"] = "secret" } });

    private static async Task<SimulatedXmppServer> StartWithAliceAsync(SimulatedXmppOptions options)
    {
        var server = await SimulatedXmppServer.StartAsync(options, TimeProvider.System);
        server.AddAccount("alice", Password);
        return server;
    }

    private static object Argument(SimulatedXmppServer server) =>
        new { domain = server.Domain, clientPort = server.ClientPort, componentPort = server.ComponentPort, component = "gw.a.test", secret = "secret", user = "alice", password = Password };
}

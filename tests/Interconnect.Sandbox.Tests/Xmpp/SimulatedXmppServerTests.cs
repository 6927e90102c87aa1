using Interconnect.Testing;

namespace Interconnect.Sandbox.Tests.Xmpp;

public sealed class SimulatedXmppServerTests
{
    private static readonly SimulatedXmppOptions Plain = new() { Domain = "a.test", RequireTls = false, Components = new Dictionary<string, string> { ["gw.a.test"] = "secret" } };

    [Fact]
    public async Task Component_WrongSecretOrDomain_IsRefusedAndTheRightOneIsTaken()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain);
        await using var wrong = await XmppTestClient.ComponentAsync(server, "guess");
        Assert.Equal("not-authorized", Condition(await wrong.ReadAsync()));

        await using var stranger = await XmppTestClient.ConnectAsync(server.ComponentPort);
        await stranger.WriteAsync("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='other.test'>");
        await using var right = await XmppTestClient.ComponentAsync(server);
        Assert.Equal("handshake", (await right.ReadAsync())!.Name.LocalName);
        Assert.True(server.IsComponentConnected("gw.a.test"));

        await using var second = await XmppTestClient.ComponentAsync(server);
        Assert.Equal("conflict", Condition(await second.ReadAsync()));
    }

    [Fact]
    public async Task Component_SpeaksForAnotherDomain_IsCutOff()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain);
        await using var component = await ConnectedComponentAsync(server);

        await component.WriteAsync("<message from='bob@elsewhere.test' to='alice@a.test'><body>x</body></message>");

        Assert.Equal("invalid-from", Condition(await component.ReadAsync()));
        await using var again = await ConnectedComponentAsync(server);
        await using var alice = await XmppTestClient.AliceAsync(server);
        await alice.WriteAsync("<presence/>");
        await again.WriteAsync("<message from='bob@gw.a.test' to='alice@a.test'><body>x</body></message>");
        Assert.Equal("x", (await alice.ReadAsync(e => e.Name.LocalName == "message")).Value);
    }

    [Fact]
    public async Task Client_WithoutTlsWhereItIsRequired_CannotSignIn()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain with { RequireTls = true });
        await using var client = await XmppTestClient.ConnectAsync(server.ClientPort);
        var features = await client.StartStreamAsync();
        Assert.NotNull(features.Element(XmppNames.Tls + "starttls")!.Element(XmppNames.Tls + "required"));
        Assert.Null(features.Element(XmppNames.Sasl + "mechanisms"));

        await client.WriteAsync("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>biwsbj1hLHI9MDEyMzQ1Njc4</auth>");
        Assert.NotNull((await client.ReadAsync())!.Element(XmppNames.Sasl + "encryption-required"));

        await using var secure = await XmppTestClient.ConnectAsync(server.ClientPort);
        await secure.StartStreamAsync();
        await secure.SecureAsync();
        Assert.NotNull((await secure.StartStreamAsync()).Element(XmppNames.Sasl + "mechanisms"));
        await secure.SignInAsync("correct horse");
        Assert.Equal("success", secure.LastSasl.Name.LocalName);
    }

    [Fact]
    public async Task Client_WrongPassword_IsNotAuthorizedAndThreeTriesEndTheStream()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain);
        await using var client = await XmppTestClient.ConnectAsync(server.ClientPort);
        await client.StartStreamAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.SignInAsync("wrong");
            Assert.NotNull(client.LastSasl.Element(XmppNames.Sasl + "not-authorized"));
        }

        Assert.Equal("policy-violation", Condition(await client.ReadAsync()));
    }

    [Fact]
    public async Task Client_MisbehavingStream_EndsWithItsCondition()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain);
        await using var elsewhere = await XmppTestClient.ConnectAsync(server.ClientPort);
        Assert.Equal("host-unknown", Condition(await elsewhere.StartStreamAsync("b.test")));

        await using var early = await XmppTestClient.ConnectAsync(server.ClientPort);
        await early.StartStreamAsync();
        await early.WriteAsync("<message to='alice@a.test'/>");
        Assert.Equal("not-authorized", Condition(await early.ReadAsync()));

        await using var forger = await XmppTestClient.AliceAsync(server);
        await forger.WriteAsync("<message from='bob@a.test' to='alice@a.test'><body>x</body></message>");
        Assert.Equal("invalid-from", Condition(await forger.ReadAsync()));
    }

    [Fact]
    public async Task Resume_UnknownOrImpossible_FailsAndTheRightOneGetsWhatWasMissed()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain);
        await using var component = await ConnectedComponentAsync(server);
        string id;
        await using (var alice = await XmppTestClient.AliceAsync(server))
        {
            await alice.WriteAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
            id = (await alice.ReadAsync())!.Attribute("id")!.Value;
            await alice.WriteAsync("<presence/><r xmlns='urn:xmpp:sm:3'/>");
            Assert.Equal("1", (await alice.ReadAsync(e => e.Name == XmppNames.Sm + "a")).Attribute("h")!.Value);
            await component.WriteAsync("<message from='bob@gw.a.test' to='alice@a.test/one' id='1'><body>1</body></message>");
            await alice.ReadAsync(e => e.Name.LocalName == "message");
        }

        await component.WriteAsync("<message from='bob@gw.a.test' to='alice@a.test/one' id='2'><body>2</body></message>");
        await using var next = await XmppTestClient.ConnectAsync(server.ClientPort);
        await next.StartStreamAsync();
        await next.SignInAsync("correct horse");
        await next.StartStreamAsync();
        await next.WriteAsync("<resume xmlns='urn:xmpp:sm:3' previd='nothing' h='0'/>");
        Assert.Equal("failed", (await next.ReadAsync())!.Name.LocalName);
        await next.WriteAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='99'/>");
        Assert.Equal("failed", (await next.ReadAsync())!.Name.LocalName);

        await next.WriteAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='1'/>");

        Assert.Equal("1", (await next.ReadAsync(e => e.Name == XmppNames.Sm + "resumed")).Attribute("h")!.Value);
        var missed = new[] { await Body(next), await Body(next) };
        Assert.Equal(["1", "2"], missed);
    }

    [Fact]
    public async Task Offline_OverTheBound_TheSenderIsToldAndWhatFitsIsKeptInOrder()
    {
        await using var server = await XmppInteropTests.StartAsync(Plain with { MaxOfflineMessages = 2 });
        await using var component = await ConnectedComponentAsync(server);
        for (var i = 1; i <= 3; i++)
        {
            await component.WriteAsync($"<message from='bob@gw.a.test' to='alice@a.test' id='{i}' type='chat'><body>{i}</body></message>");
        }

        var error = await component.ReadAsync(e => e.Attribute("type")?.Value == "error");
        Assert.Equal("3", error.Attribute("id")!.Value);
        Assert.Equal("jabber:component:accept", error.Name.NamespaceName);

        await using var alice = await XmppTestClient.AliceAsync(server);
        await alice.WriteAsync("<presence/>");
        Assert.Equal(["1", "2"], [await Body(alice), await Body(alice)]);
    }

    [Fact]
    public async Task Resumption_NotInTime_WhatWasMissedIsKeptOffline()
    {
        var clock = new ManualClock();
        await using var server = await SimulatedXmppServer.StartAsync(Plain, clock);
        server.AddAccount("alice", "correct horse");
        await using var component = await ConnectedComponentAsync(server);
        await using (var alice = await XmppTestClient.AliceAsync(server))
        {
            await alice.WriteAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>");
            await alice.ReadAsync(e => e.Name.LocalName == "presence");
        }

        await server.DropClientsAsync();
        await component.WriteAsync("<message from='bob@gw.a.test' to='alice@a.test'><body>missed</body></message><iq from='x@gw.a.test' to='a.test' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
        await component.ReadAsync(e => e.Attribute("id")?.Value == "p");

        clock.Advance(TimeSpan.FromMinutes(6));

        await using var next = await XmppTestClient.AliceAsync(server, "two");
        await next.WriteAsync("<presence/>");
        Assert.Equal("missed", await Body(next));
    }

    [Fact]
    public void Start_WrongOptions_SaysAllMistakes()
    {
        var wrong = new SimulatedXmppOptions { Domain = "a@b", MaxStanza = 10, Components = new Dictionary<string, string> { ["gw.a.test"] = string.Empty } };

        Assert.Equal(3, wrong.Problems().Count());
        Assert.Empty(Plain.Problems());
    }

    private static async Task<string> Body(XmppTestClient client) => (await client.ReadAsync(e => e.Name.LocalName == "message")).Element(XmppNames.Client + "body")!.Value;

    private static string? Condition(System.Xml.Linq.XElement? error) => error?.Name == XmppNames.Stream + "error" ? error.Elements().First().Name.LocalName : error?.ToString();

    private static async Task<XmppTestClient> ConnectedComponentAsync(SimulatedXmppServer server)
    {
        var component = await XmppTestClient.ComponentAsync(server);
        Assert.Equal("handshake", (await component.ReadAsync())!.Name.LocalName);
        return component;
    }
}

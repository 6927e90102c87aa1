using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Transports;

public sealed class XmppTransportTests : IDisposable
{
    private static readonly TransportAddress Bob = new TransportAddress.Ghost(UserUri.Parse("mimi://hs.test/u/bob"));
    private readonly ScriptedXmppServer server = new();
    private readonly RecordingSink sink = new();

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task StartAsync_WithoutTlsOfferedOrPromised_IsRefused()
    {
        await using var transport = new XmppTransport(server.Options with { InsecureLoopback = false }, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.OpenAsync("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>");

        Assert.Equal("XMC-002", (await starting)!.RuleId);
    }

    [Fact]
    public async Task StartAsync_WithPlainOnly_GivesNoPasswordAway()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.OpenAsync("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>");

        Assert.Equal("XMC-006", (await starting)!.RuleId);
    }

    [Fact]
    public async Task StartAsync_WithAServerThatCannotProveItself_IsRefused()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.AuthenticateAsync("v=AAAA");

        Assert.Equal("XMC-008", (await starting)!.RuleId);
    }

    [SharedFact("cases/agent-password-not-prepared")]
    public async Task StartAsync_WithADecomposedPassword_IsThatOfTheComposedOne()
    {
        var decomposed = File.ReadAllText(SharedFiles.PathOf("cases/agent-password-not-prepared/password.nfd")).TrimEnd('\n');
        await using var transport = new XmppTransport(server.Options with { Password = decomposed }, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.LoginAsync(password: "p\u00e4ssw\u00f6rt1");

        Assert.Null(await starting);
    }

    [Theory]
    [InlineData("a\ue000")]
    [InlineData("\u00ad")]
    [InlineData("\u06271")]
    public async Task StartAsync_WithAPasswordThatNoServerTakes_SaysSo(string password)
    {
        await using var transport = new XmppTransport(server.Options with { Password = password }, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.OpenAsync("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>");

        Assert.Equal("XMC-015", (await starting)!.RuleId);
    }

    [Fact]
    public async Task StartAsync_WithTheWrongPassword_SaysSo()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.OpenAsync("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>");
        await peer.HearAsync("<auth.*</auth>");
        await peer.SayAsync("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");

        Assert.Equal("XMC-007", (await starting)!.RuleId);
    }

    [Fact]
    public async Task StartAsync_WhereNobodyListens_IsUnreachable()
    {
        var options = server.Options;
        server.Dispose();
        await using var transport = new XmppTransport(options, TimeProvider.System);

        Assert.Equal("XMC-001", (await transport.StartAsync(sink, CancellationToken.None))!.RuleId);
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>", "XMC-012")]
    [InlineData("<html>", "XMC-012")]
    [InlineData("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:error><host-unknown/></stream:error>", "XMC-013")]
    [InlineData("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><!-- x -->", "XMC-012")]
    public async Task StartAsync_WithAStreamThatIsNotXmpp_IsRefused(string said, string rule)
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        using var peer = await server.AcceptAsync();
        await peer.SayAsync(said);

        Assert.Equal(rule, (await starting)!.RuleId);
    }

    [Fact]
    public async Task SendAsync_CompletesOnlyWhenTheServerHasIt()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);
        var id = FrameId.Create();

        var sending = transport.SendAsync(Bob, id, new byte[] { 1, 2, 3 }, CancellationToken.None);
        var stanza = (await peer.HearAsync("<message .*?</message>")).Value;
        await peer.AcknowledgeAsync(1);
        await peer.AskHandledAsync();
        Assert.False(sending.IsCompleted);
        await peer.AcknowledgeAsync(2);

        Assert.IsType<TransportSend.Taken>(await sending);
        Assert.Contains(@"to=""bob\40hs.test@gw.a.test""", stanza, StringComparison.Ordinal);
        Assert.Contains(">AQID</frame>", stanza, StringComparison.Ordinal);
        Assert.Contains($@"<origin-id id=""{id.Hex}"" xmlns=""urn:xmpp:sid:0""", stanza, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_ToANameThatServersWouldChange_IsRejectedAndTheNextOneGoes()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);

        var no = await transport.SendAsync(new TransportAddress.Ghost(UserUri.Parse("mimi://hs.test/u/Bob")), FrameId.Create(), new byte[1], CancellationToken.None);
        var sending = transport.SendAsync(Bob, FrameId.Create(), new byte[1], CancellationToken.None);
        await peer.HearAsync("<message .*?</message>");
        await peer.AcknowledgeAsync(2);

        Assert.Equal("XMC-016", Assert.IsType<TransportSend.Rejected>(no).Why.RuleId);
        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task SendAsync_OfALargeFrame_GoesOutInChunks()
    {
        await using var transport = new XmppTransport(server.Options with { MaxFrameBytes = 100, MaxChunkCharacters = 300 }, TimeProvider.System);
        using var peer = await StartAsync(transport);

        var sending = transport.SendAsync(new TransportAddress.Service(), FrameId.Create(), new byte[500], CancellationToken.None);
        var assembler = new FrameAssembler(new FrameAssemblerOptions(), TimeProvider.System);
        AssemblyOutcome outcome = new AssemblyOutcome.Incomplete();
        var count = 0;
        while (outcome is AssemblyOutcome.Incomplete)
        {
            var chunk = (await peer.HearAsync(@"to=""gw.a.test"".*?>(IC1\.[^<]*)</chunk>")).Groups[1].Value;
            count++;
            Assert.True(FrameChunks.TryParse(chunk, out var parsed, out _));
            outcome = assembler.Add("x", parsed);
        }

        await peer.AcknowledgeAsync(1 + count);
        Assert.Equal(new byte[500], Assert.IsType<AssemblyOutcome.Complete>(outcome).Frame);
        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task AMessage_IsAcknowledgedOnlyOnceItIsSaved_AndItsReceiptIsSent()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);
        var saved = new TaskCompletionSource();
        sink.Saved = saved.Task;

        await peer.SayAsync(@"<message from='bob\40hs.test@gw.a.test' to='alice@a.test' id='m1' type='chat'><frame xmlns='urn:interconnect:frame:1'>AQID</frame><request xmlns='urn:xmpp:receipts'/></message>");
        var item = Assert.IsType<InboundItem.Frame>(await sink.NextAsync());
        Assert.Equal(Bob, item.From);
        Assert.Equal([1, 2, 3], item.Bytes.ToArray());
        saved.SetResult();

        Assert.Contains("id=\"m1\"", (await peer.HearAsync("<message .*?<received [^>]*>")).Value, StringComparison.Ordinal);
        Assert.Equal(1, await peer.AskHandledAsync());
    }

    [Fact]
    public async Task FramesOfOthersThanTheGateway_AreNotTaken()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);

        await peer.SayAsync("<message from='mallory@a.test/x' type='chat'><frame xmlns='urn:interconnect:frame:1'>AQID</frame></message>");
        await peer.SayAsync("<message type='chat'><frame xmlns='urn:interconnect:frame:1'>AQID</frame></message>");
        await peer.SayAsync("<message from='gw.a.test' type='chat'><frame xmlns='urn:interconnect:frame:1'>BA==</frame></message>");

        Assert.IsType<TransportAddress.Service>((await sink.NextAsync()).From);
        Assert.Equal(3, await peer.AskHandledAsync());
        Assert.False(sink.HasMore);
    }

    [Fact]
    public async Task AfterALostConnection_TheSessionIsResumedAndOnlyWhatIsMissingGoesAgain()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        Task<TransportSend> one, two;
        using (var peer = await StartAsync(transport))
        {
            one = transport.SendAsync(Bob, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
            await peer.HearAsync("AQ==</frame>.*?</message>");
            two = transport.SendAsync(Bob, FrameId.Create(), new byte[] { 2 }, CancellationToken.None);
            await peer.HearAsync("Ag==</frame>.*?</message>");
            await peer.SayAsync("<message from='gw.a.test'><frame xmlns='urn:interconnect:frame:1'>Aw==</frame></message>");
            await sink.NextAsync();
            await peer.AskHandledAsync();
        }

        using var again = await server.AcceptAsync();
        await again.AuthenticateAsync();
        await again.OpenAsync("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>");
        Assert.Contains("h='1'", (await again.HearAsync("<resume [^>]*previd='session-1'[^>]*/>")).Value, StringComparison.Ordinal);
        await again.SayAsync("<resumed xmlns='urn:xmpp:sm:3' h='2' previd='session-1'/>");

        Assert.IsType<TransportSend.Taken>(await one);
        var resent = (await again.HearAsync("<message .*?</message>")).Value;
        Assert.Contains("Ag==</frame>", resent, StringComparison.Ordinal);
        Assert.DoesNotContain("AQ==</frame>", resent, StringComparison.Ordinal);
        await again.AcknowledgeAsync(3);
        Assert.IsType<TransportSend.Taken>(await two);
    }

    [Fact]
    public async Task WhenTheSessionCannotBeResumed_ANewOneTakesWhatWasUnanswered()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        Task<TransportSend> sending;
        using (var peer = await StartAsync(transport))
        {
            sending = transport.SendAsync(Bob, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
            await peer.HearAsync("AQ==</frame>.*?</message>");
        }

        using var again = await server.AcceptAsync();
        await again.AuthenticateAsync();
        await again.OpenAsync("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>");
        await again.HearAsync("<resume [^>]*/>");
        await again.SayAsync("<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
        await again.HearAsync("<iq[^>]*id='bind'.*?</iq>");
        await again.SayAsync("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a.test/y</jid></bind></iq>");
        await again.HearAsync("<enable [^>]*/>");
        await again.SayAsync("<enabled xmlns='urn:xmpp:sm:3' id='session-2' resume='1'/>");
        await again.HearAsync("<presence[^>]*/>.*AQ==</frame>.*?</message>");
        await again.AcknowledgeAsync(2);

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task AReturnedFrame_IsToldWithItsReason()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);
        var id = FrameId.Create();

        await peer.SayAsync($"<message type='error' id='{id.Hex}' from='mallory@a.test'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
        await peer.SayAsync($@"<message type='error' id='{id.Hex}' from='bob\40hs.test@gw.a.test'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");

        var (frame, why) = await sink.NextReturnedAsync();
        Assert.Equal(id, frame);
        Assert.True(why.Retry);
    }

    [Fact]
    public async Task Requests_AreAnswered()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);

        await peer.SayAsync("<iq type='get' id='p1' from='a.test'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Contains("type=\"result\"", (await peer.HearAsync("<iq [^>]*id=\"p1\"[^>]*>")).Value, StringComparison.Ordinal);
        await peer.SayAsync("<iq type='get' id='p2' from='a.test'><query xmlns='jabber:iq:version'/></iq>");
        Assert.Contains("type=\"error\"", (await peer.HearAsync("<iq [^>]*id=\"p2\".*?</iq>")).Value, StringComparison.Ordinal);
    }

    public static TheoryData<string> StanzasOverABound() =>
    [
        $"<message from='mallory@a.test/x'>{Nested(40)}</message>",
        $"<message from='mallory@a.test/x'>{Nested(20_000)}</message>",
        $"<message from='gw.a.test'><frame xmlns='urn:interconnect:frame:1'>{new string('A', 400_000)}</frame></message>",
        $"<message from='gw.a.test'>{string.Concat(Enumerable.Repeat("<x/>", 5_000))}<frame xmlns='urn:interconnect:frame:1'>AQID</frame></message>",
        $"<message from='gw.a.test' {string.Concat(Enumerable.Range(0, 2_000).Select(i => $"a{i}='' "))}><frame xmlns='urn:interconnect:frame:1'>AQID</frame></message>",
        $"<message from='gw.a.test' x='{new string('A', 100_000)}'/>",
        "<message from='gw.a.test'><!-- x --><frame xmlns='urn:interconnect:frame:1'>AQID</frame></message>",
        $"<iq type='get' id='deep' from='mallory@a.test/x'>{Nested(40)}</iq>",
    ];

    [Theory]
    [MemberData(nameof(StanzasOverABound))]
    public async Task AStanzaOverABound_IsPassedOverAndCountedAsHandled_AndTheStreamGoesOn(string stanza)
    {
        await using var transport = new XmppTransport(server.Options with { MaxStanzaBytes = 50_000 }, TimeProvider.System);
        using var peer = await StartAsync(transport);

        await peer.SayAsync(stanza);
        await peer.SayAsync("<message from='gw.a.test'><frame xmlns='urn:interconnect:frame:1'>BA==</frame></message>");

        Assert.Equal([4], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        Assert.Equal(2, await peer.AskHandledAsync());
        Assert.False(sink.HasMore);
    }

    [Fact]
    public async Task AStanzaThatCannotBeReadToItsEnd_EndsTheConnection_AndIsNotDeliveredAgain()
    {
        await using var transport = new XmppTransport(server.Options, TimeProvider.System);
        using var peer = await StartAsync(transport);

        await peer.SayAsync($"<message from='mallory@a.test/x'>{string.Concat(Enumerable.Repeat("<a>", 70_000))}");
        await sink.WaitForAsync(TransportState.Reconnecting);

        using var again = await server.AcceptAsync();
        await again.AuthenticateAsync();
        await again.OpenAsync("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>");
        Assert.Contains("h='1'", (await again.HearAsync("<resume [^>]*previd='session-1'[^>]*/>")).Value, StringComparison.Ordinal);
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("<a>", depth)) + string.Concat(Enumerable.Repeat("</a>", depth));

    private async Task<ScriptedXmppServer.Peer> StartAsync(XmppTransport transport)
    {
        var starting = transport.StartAsync(sink, CancellationToken.None);
        var peer = await server.AcceptAsync();
        await peer.LoginAsync();
        Assert.Null(await starting);
        return peer;
    }
}

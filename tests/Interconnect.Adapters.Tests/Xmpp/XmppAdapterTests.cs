using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Interconnect.Adapters.Xmpp;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Xmpp;

/// <summary>The adapter against a server that does what no honest one does, or does it at the worst moment.</summary>
public sealed class XmppAdapterTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private readonly ScriptedXmppServer server = new();
    private readonly RecordingSink sink = new();
    private XmppAdapter adapter = null!;

    public Task InitializeAsync()
    {
        adapter = Adapter(TimeSpan.FromSeconds(10));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await adapter.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", AdapterState.BadCredentials)]
    [InlineData("<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", AdapterState.BadCredentials)]
    [InlineData("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", AdapterState.Degraded)]
    [InlineData("<message/>", AdapterState.Degraded)]
    [InlineData("<!DOCTYPE x>", AdapterState.Degraded)]
    [InlineData("</stream:stream>", AdapterState.Degraded)]
    public async Task Start_HandshakeAnsweredOtherwise_SaysWhyAndThrows(string answer, AdapterState state)
    {
        server.HandshakeAnswer = answer;

        await Assert.ThrowsAnyAsync<Exception>(() => adapter.StartAsync(sink, default));

        Assert.Equal(state, adapter.Status.State);
        Assert.NotNull(adapter.Status.Reason);
        Assert.DoesNotContain("secret-1", adapter.Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ServerThatNeverStopsTalking_IsCutOffBeforeTheHandshake()
    {
        server.Greeting = ScriptedXmppServer.Open[..^1] + " more='" + new string('x', 20_000);

        await Assert.ThrowsAnyAsync<Exception>(() => adapter.StartAsync(sink, default));

        Assert.Contains("XMPP-103", adapter.Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_StreamBreaksBeforeTheAnswer_IsUncertainAndTheSameIdGoesAgain()
    {
        await adapter.StartAsync(sink, default);
        server.PingsAnsweredBy = null;
        var delivery = new Delivery(Samples.Envelope(Alice), Alice, 1);
        var first = adapter.DeliverAsync(delivery, default).AsTask();
        var sent = await server.NextAsync();
        server.Cut();

        Assert.IsType<DeliveryOutcome.Uncertain>(await first);
        server.PingsAnsweredBy = "a.test";
        await UntilAsync(() => server.Connections == 2 && adapter.Status.State == AdapterState.Connected);
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(delivery with { Attempt = 2 }, default));
        Assert.Equal((string?)sent.Attribute("id"), (string?)(await server.NextAsync()).Attribute("id"));
    }

    [Fact]
    public async Task Deliver_PingsUnanswered_IsUncertainAndTheStreamIsGivenUp()
    {
        await using var impatient = Adapter(TimeSpan.FromMilliseconds(300));
        await impatient.StartAsync(sink, default);
        server.PingsAnsweredBy = null;

        Assert.IsType<DeliveryOutcome.Uncertain>(await impatient.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default));

        await UntilAsync(() => server.Connections > 1);
    }

    [Fact]
    public async Task Deliver_PingAnsweredBySomebodyElse_ProvesNothing()
    {
        await adapter.StartAsync(sink, default);
        server.PingsAnsweredBy = "mallory@a.test/x";
        var delivering = adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default).AsTask();
        var ping = await server.NextPingAsync();

        Assert.False(delivering.IsCompleted);
        await server.SayAsync($"<iq type='error' from='a.test' to='gw.a.test' id='{(string)ping.Attribute("id")!}'/>");
        Assert.IsType<DeliveryOutcome.Delivered>(await delivering.WaitAsync(Limit));
    }

    [Theory]
    [InlineData("cancel", "service-unavailable", typeof(DeliveryOutcome.Rejected))]
    [InlineData("wait", "recipient-unavailable", typeof(DeliveryOutcome.Deferred))]
    public async Task Deliver_ErrorBeforeThePingsAnswer_IsTheOutcome(string type, string condition, Type outcome)
    {
        await adapter.StartAsync(sink, default);
        server.PingsAnsweredBy = null;
        var delivering = adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default).AsTask();
        var sent = await server.NextAsync();
        var ping = await server.NextPingAsync();
        string Error(string from) => $"<message type='error' from='{from}' to='bob\\40far.example@gw.a.test' id='{(string)sent.Attribute("id")!}'><error type='{type}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

        await server.SayAsync(Error("mallory@a.test") + Error("alice@a.test/x") + $"<iq type='result' from='a.test' id='{(string)ping.Attribute("id")!}'/>");

        Assert.IsType(outcome, await delivering.WaitAsync(Limit));
    }

    [Fact]
    public async Task Receive_ErrorAfterThePingsAnswer_IsABounce()
    {
        await adapter.StartAsync(sink, default);
        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default));

        await server.SayAsync($"<message type='error' from='alice@a.test' to='bob\\40far.example@gw.a.test' id='{delivered.NativeReference}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");

        var receipt = await sink.NextReceiptAsync(Limit);
        Assert.Equal((delivered.NativeReference, DeliveryStatus.Bounced, "XMPP-010"), (receipt.NativeReference, receipt.Status, receipt.RuleId));
    }

    [Fact]
    public async Task Receive_ForbiddenXml_EndsTheStreamWithItsConditionAndReconnects()
    {
        await adapter.StartAsync(sink, default);

        await server.SayAsync("<message><!-- x --></message>");

        Assert.Single((await server.NextAsync()).Elements(XmppNames.StreamErrors + "restricted-xml"));
        await UntilAsync(() => server.Connections == 2);
        Assert.Contains(sink.Statuses, s => s is { State: AdapterState.Degraded } && s.Reason!.Contains("XMPP-102", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Receive_StanzaOfAUserOverABoundOrUnparsable_IsPassedOverAndTheStreamGoesOn()
    {
        await adapter.StartAsync(sink, default);
        var deep = string.Concat(Enumerable.Repeat("<a>", 500)) + string.Concat(Enumerable.Repeat("</a>", 500));
        var many = string.Concat(Enumerable.Range(0, 500).Select(i => $" a{i}=''"));

        await server.SayAsync($"<message from='mallory@a.test' to='gw.a.test'>{deep}</message><message{many}/><message><p:x/></message>");
        await server.SayAsync("<iq type='get' from='alice@a.test/x' to='gw.a.test' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");

        Assert.Equal(("iq", "q"), await FirstAsync());
        Assert.Equal(1, server.Connections);

        async Task<(string, string?)> FirstAsync()
        {
            var stanza = await server.NextAsync();
            return (stanza.Name.LocalName, (string?)stanza.Attribute("id"));
        }
    }

    [Fact]
    public async Task Receive_StanzaNotTaken_TellsTheSenderAndItsNextOnesWait()
    {
        await adapter.StartAsync(sink, default);
        sink.RefuseNext(1);
        string Message(string id, string from) => $"<message from='{from}@a.test/x' to='bob\\40far.example@gw.a.test' id='{id}'><frame xmlns='urn:interconnect:frame:1'>{Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)))}</frame><request xmlns='urn:xmpp:receipts'/></message>";

        await server.SayAsync(Message("1", "alice"));
        var first = await server.NextAsync();
        await server.SayAsync(Message("2", "alice") + Message("3", "carol"));

        Assert.Equal(("1", "error", "wait"), ((string?)first.Attribute("id"), (string?)first.Attribute("type"), (string?)first.Element(XmppNames.Component + "error")?.Attribute("type")));
        var second = await server.NextAsync();
        var third = await server.NextAsync();
        Assert.Equal(("2", "error"), ((string?)second.Attribute("id"), (string?)second.Attribute("type")));
        Assert.Equal("3", (string?)third.Element(XmppNames.Receipts + "received")?.Attribute("id"));
        Assert.Equal("mimi://a.test/u/carol", (await sink.NextEventAsync(Limit)).Sender.Value);
    }

    [Fact]
    public async Task Receive_LastChunkNotTaken_BroughtAgainAloneCompletesTheFrame()
    {
        await adapter.StartAsync(sink, default);
        sink.RefuseNext(1);
        var chunks = FrameChunks.Split(FrameCodec.Encode(Samples.Request(Alice, 2_000)), FrameId.Create(), 2_500)!;
        Assert.Equal(2, chunks.Count);
        string Message(int part) => $"<message from='alice@a.test/x' to='bob\\40far.example@gw.a.test' id='{part}'><chunk xmlns='urn:interconnect:frame:1'>{chunks[part]}</chunk><request xmlns='urn:xmpp:receipts'/></message>";
        await server.SayAsync(Message(0) + Message(1));
        Assert.Equal("error", (string?)(await server.NextAsync()).Attribute("type"));

        await UntilAsync(() =>
        {
            server.SayAsync(Message(1)).GetAwaiter().GetResult();
            return sink.Waiting > 0;
        });

        Assert.Equal("encrypted_message", (await sink.NextEventAsync(Limit)).Event.Kind);
    }

    [Fact]
    public async Task Receive_FrameTaken_IsConfirmedOnlyThen()
    {
        await adapter.StartAsync(sink, default);
        var gate = new TaskCompletionSource();
        sink.BeforeSubmit = _ => gate.Task;
        await server.SayAsync($"<message from='alice@a.test/x' to='bob\\40far.example@gw.a.test' id='1'><frame xmlns='urn:interconnect:frame:1'>{Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)))}</frame><request xmlns='urn:xmpp:receipts'/></message>");
        await server.SayAsync("<iq type='get' from='alice@a.test/x' to='gw.a.test' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");

        Assert.Equal("iq", (await server.NextAsync()).Name.LocalName);
        gate.SetResult();
        Assert.Equal("1", (string?)(await server.NextAsync()).Element(XmppNames.Receipts + "received")?.Attribute("id"));
    }

    [Fact]
    public async Task Receive_MoreThanIsTaken_IsToldToWaitAndPingsAreStillRead()
    {
        await using var busy = Adapter(TimeSpan.FromSeconds(10), submitsInFlight: 1);
        await busy.StartAsync(sink, default);
        var gate = new TaskCompletionSource();
        sink.BeforeSubmit = _ => gate.Task;
        var frame = Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)));

        await server.SayAsync(string.Concat(Enumerable.Range(0, 6).Select(i => $"<message from='user{i}@a.test/x' to='bob\\40far.example@gw.a.test' id='{i}'><frame xmlns='urn:interconnect:frame:1'>{frame}</frame></message>")));

        Assert.IsType<DeliveryOutcome.Delivered>(await busy.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default).AsTask().WaitAsync(Limit));
        var told = await server.NextAsync();
        while (told.Element(XmppNames.Frame + "frame") is not null)
        {
            told = await server.NextAsync();
        }

        Assert.Equal(("error", "wait"), ((string?)told.Attribute("type"), (string?)told.Element(XmppNames.Component + "error")?.Attribute("type")));
        Assert.Single(told.Descendants(XmppNames.StanzaErrors + "resource-constraint"));
        Assert.Equal(1, server.Connections);
        gate.SetResult();
    }

    [Theory]
    [InlineData("A.Test", "a.test")]
    [InlineData("a.test", "A.Test")]
    [InlineData("xn--bcher-kva.test", "bücher.test")]
    [InlineData("bücher.test", "xn--bcher-kva.test")]
    public async Task Deliver_ServerSpellsItsDomainOtherwise_ItsPingsAnswerCounts(string configured, string spelled)
    {
        await using var other = Adapter(TimeSpan.FromSeconds(10), provider: configured);
        await other.StartAsync(sink, default);
        server.PingsAnsweredBy = spelled;
        var user = UserUri.Parse($"mimi://{other.Describe().Provider.Value}/u/alice");

        Assert.IsType<DeliveryOutcome.Delivered>(await other.DeliverAsync(new Delivery(Samples.Envelope(user), user, 1), default).AsTask().WaitAsync(Limit));

        Assert.Equal("alice@" + configured.ToLowerInvariant(), (string?)(await server.NextAsync()).Attribute("to"));
    }

    [Fact]
    public async Task Deliver_PingAnsweredInTheClientsNamespace_Counts()
    {
        await adapter.StartAsync(sink, default);
        server.PingsAnsweredBy = null;
        var delivering = adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default).AsTask();
        var ping = await server.NextPingAsync();

        await server.SayAsync($"<iq xmlns='jabber:client' type='result' from='a.test' to='gw.a.test' id='{(string)ping.Attribute("id")!}'/>");

        Assert.IsType<DeliveryOutcome.Delivered>(await delivering.WaitAsync(Limit));
    }

    [Fact]
    public async Task Receive_SenderOfNoName_IsAnsweredAndCounted()
    {
        var counted = new ConcurrentQueue<string>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "interconnect_adapter_discarded_total") { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Enqueue(string.Join(',', tags.ToArray().Select(t => t.Value))));
        listener.Start();
        await using var named = Adapter(TimeSpan.FromSeconds(10), network: "xmpp-names");
        await named.StartAsync(sink, default);

        await server.SayAsync("<message from='\u1c92@a.test/x' to='bob\\40far.example@gw.a.test' id='1'><body>x</body></message>");

        var answer = await server.NextAsync();
        Assert.Equal(("1", "error", "\u1c92@a.test/x"), ((string?)answer.Attribute("id"), (string?)answer.Attribute("type"), (string?)answer.Attribute("to")));
        Assert.Contains("XMPP-018", answer.Value, StringComparison.Ordinal);
        Assert.Contains("xmpp-names,XMPP-018", counted);
        Assert.Equal(0, sink.Waiting);
    }

    [Fact]
    public async Task Receive_SinkWithADefect_IsCountedAndTheStreamGoesOn()
    {
        await adapter.StartAsync(sink, default);
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sink.BeforeSubmit = _ =>
        {
            met.SetResult();
            throw new InvalidOperationException("defect");
        };
        var frame = Convert.ToBase64String(FrameCodec.Encode(Samples.Request(Alice)));
        string Message(int id) => $"<message from='alice@a.test/x' to='bob\\40far.example@gw.a.test' id='{id}'><frame xmlns='urn:interconnect:frame:1'>{frame}</frame><request xmlns='urn:xmpp:receipts'/></message>";
        await server.SayAsync(Message(1));
        await met.Task.WaitAsync(Limit);

        sink.BeforeSubmit = _ => Task.CompletedTask;
        await server.SayAsync(Message(2));

        Assert.Equal("2", (string?)(await server.NextAsync()).Element(XmppNames.Receipts + "received")?.Attribute("id"));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private XmppAdapter Adapter(TimeSpan pingTimeout, int submitsInFlight = 256, string provider = "a.test", string network = "xmpp-a") => new(
        NetworkId.Parse(network),
        new XmppOptions { Port = server.Port, Component = "gw.a.test", Provider = provider, Secret = "secret-1", PingTimeout = pingTimeout, SubmitsInFlight = submitsInFlight, MaxReconnectPause = TimeSpan.FromMilliseconds(500) },
        TimeProvider.System);
}

using System.Text;
using Interconnect.Federation;
using Xunit;

namespace Interconnect.Testing.Conformance;

/// <summary>What every adapter must do, against whatever far side it is given. One class a network and a kind of far side derives from it.</summary>
public abstract class AdapterConformance : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly RecordingSink sink = new();
    private IFarSide far = null!;
    private INetworkAdapter adapter = null!;

    /// <summary>The far side of one test.</summary>
    protected abstract Task<IFarSide> CreateFarSideAsync();

    public async Task InitializeAsync()
    {
        far = await CreateFarSideAsync();
        adapter = far.CreateAdapter();
    }

    public async Task DisposeAsync()
    {
        await adapter.DisposeAsync();
        await far.DisposeAsync();
    }

    // A real server may still have to bring what earlier tests left with it.
    private async Task<IFarUser> SignInAsync()
    {
        var alice = await far.SignInAsync("alice");
        sink.Only = alice.User;
        return alice;
    }

    [Fact]
    public async Task Describe_AnyTime_IsConstantAndComplete()
    {
        var before = adapter.Describe();
        await adapter.StartAsync(sink, default);
        var features = await adapter.GetFeaturesAsync(default);

        Assert.Equal(before, adapter.Describe());
        Assert.Equal(far.Network, before.Network);
        Assert.Equal(far.Provider, before.Provider);
        Assert.Equal(1, before.ContractVersion);
        Assert.NotEmpty(before.KeysLiveAt);
        Assert.Equal(FeatureLevel.Full, features.Events["encrypted_message"]);
        Assert.False(features.Events.ContainsKey("key_material_publish"), "only endpoints publish");
        Assert.InRange(features.MaxFrameBytes, 1_000, EndpointFrame.MaxBytes);
        Assert.InRange(features.MaxChunks, 1, FrameChunks.MaxChunks);
        Assert.Equal(AdapterState.Connected, adapter.Status.State);
        await adapter.StopAsync(default);
        Assert.Equal(AdapterState.Stopped, adapter.Status.State);
    }

    [Fact]
    public async Task Start_UnknownCredentials_SaysWhyAndTakesNothing()
    {
        await using var stranger = far.CreateStranger();

        var failure = await Record.ExceptionAsync(() => stranger.StartAsync(sink, default));

        Assert.NotNull(failure);
        Assert.Equal(AdapterState.BadCredentials, stranger.Status.State);
        Assert.NotNull(stranger.Status.Reason);
        Assert.DoesNotContain(sink.Statuses, s => s.State == AdapterState.Connected);
        await adapter.StartAsync(sink, default);
        Assert.Equal(AdapterState.Connected, adapter.Status.State);
    }

    [Fact]
    public async Task Receive_Frame_GoesToTheSinkByteForByte()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var request = Samples.Request(alice.User);

        await alice.SendFrameAsync(Samples.Bob, FrameCodec.Encode(request), "frame-1");

        var received = await sink.NextEventAsync(Limit);
        Assert.Equal(alice.User, received.Sender);
        Assert.Equal(InnerEncryption.Mls10, received.Labels.Inner);
        Assert.Equal(request.EncodedEvent.ToArray(), received.EncodedEvent!.Value.ToArray());
        Assert.Equal(FrameProof.SignedContent(request.Proof.FrameId, request.Proof.Client, request.Proof.CreatedAt, 1, request.EncodedEvent.Span), FrameProof.SignedContent(received.Proof!.FrameId, received.Proof.Client, received.Proof.CreatedAt, 1, received.EncodedEvent.Value.Span));
        Assert.Equal(request.Proof.Signature.ToArray(), received.Proof.Signature.ToArray());
        Assert.Null(received.NativeReference);
        Assert.NotEmpty(received.DedupeKey);
    }

    [Fact]
    public async Task Receive_FrameToTheService_GoesToTheSink()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);

        await alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), "frame-1");

        Assert.Equal(alice.User, (await sink.NextEventAsync(Limit)).Sender);
    }

    [Fact]
    public async Task Receive_SameMessageAgain_HasTheSameDedupeKeyOrIsNotBrought()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var (once, other) = (FrameCodec.Encode(Samples.Request(alice.User)), FrameCodec.Encode(Samples.Request(alice.User)));

        await alice.SendFrameAsync(Samples.Bob, once, "frame-1");
        await alice.SendFrameAsync(Samples.Bob, once, "frame-1");
        await alice.SendFrameAsync(Samples.Bob, other, "frame-2");

        var first = await sink.NextEventAsync(Limit);
        var last = await sink.NextEventAsync(Limit);
        if (last.DedupeKey.SequenceEqual(first.DedupeKey))
        {
            last = await sink.NextEventAsync(Limit);
        }

        Assert.NotEqual(first.DedupeKey, last.DedupeKey);
        Assert.Equal(0, sink.Waiting);
    }

    [Fact]
    public async Task Receive_ManyFrames_KeepTheirOrder()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var requests = Enumerable.Range(0, 60).Select(_ => Samples.Request(alice.User)).ToList();
        var called = new System.Collections.Concurrent.ConcurrentQueue<FrameId>();
        sink.BeforeSubmit = async e =>
        {
            // The order of the calls is what counts; answers may overtake each other.
            called.Enqueue(e.Proof!.FrameId);
            await Task.Yield();
        };

        for (var i = 0; i < requests.Count; i++)
        {
            await alice.SendFrameAsync(Samples.Bob, FrameCodec.Encode(requests[i]), $"frame-{i}");
        }

        foreach (var _ in requests)
        {
            await sink.NextEventAsync(Limit);
        }

        Assert.Equal(requests.Select(r => r.Proof.FrameId), called);
    }

    [Fact]
    public async Task Receive_FrameInChunks_IsPutTogether()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var features = await adapter.GetFeaturesAsync(default);
        var request = Samples.Request(alice.User, features.MaxFrameBytes + 10_000);

        await alice.SendFrameAsync(Samples.Bob, FrameCodec.Encode(request), "large");

        var received = await sink.NextEventAsync(Limit);
        Assert.Equal(request.EncodedEvent.ToArray(), received.EncodedEvent!.Value.ToArray());
    }

    [Fact]
    public async Task Receive_DamagedFrame_IsUnreadableWithAWayToAnswer()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);

        await alice.SendDamagedFrameAsync(Samples.Bob, "not base64!", "bad-1");
        await alice.SendDamagedFrameAsync(Samples.Bob, Convert.ToBase64String(Encoding.UTF8.GetBytes("not a frame")), "bad-2");
        await alice.SendFrameAsync(Samples.Bob, FrameCodec.Encode(Samples.Request(alice.User)), "good");

        for (var i = 0; i < 2; i++)
        {
            var bad = await sink.NextEventAsync(Limit);
            Assert.NotEmpty(Assert.IsType<Unreadable>(bad.Event).RuleId);
            Assert.NotNull(bad.NativeReference);
            Assert.Equal(InnerEncryption.None, bad.Labels.Inner);
        }

        Assert.IsType<EncryptedMessage>((await sink.NextEventAsync(Limit)).Event);
    }

    [Fact]
    public async Task Receive_PlainText_LeavesItsContentAtTheEdge()
    {
        const string Canary = "canary-4711";
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);

        await alice.SendPlainAsync(Samples.Bob, Canary, "plain-1");

        var received = await sink.NextEventAsync(Limit);
        var message = Assert.IsType<EncryptedMessage>(received.Event);
        Assert.Equal(InnerEncryption.None, received.Labels.Inner);
        Assert.Equal(Samples.Bob, message.Recipient);
        Assert.True(message.Message.IsEmpty);
        Assert.NotNull(received.NativeReference);
        Assert.DoesNotContain(Canary, received.NativeReference + string.Join(' ', received.DedupeKey), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_RefusedBySink_IsNotAcknowledged()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        sink.RefuseNext(1);
        var frame = FrameCodec.Encode(Samples.Request(alice.User));

        await alice.SendFrameAsync(Samples.Bob, frame, "frame-1");
        if (far.TellsRefusedSender)
        {
            Assert.NotEmpty(await alice.NextNoticeAsync(Limit));
            Assert.Equal(0, sink.Waiting);
            await Task.Delay(TimeSpan.FromSeconds(1.2));
            await alice.SendFrameAsync(Samples.Bob, frame, "frame-1");
        }

        Assert.Equal(alice.User, (await sink.NextEventAsync(Limit)).Sender);
    }

    [Fact]
    public async Task Deliver_Frame_ComesFromTheSendersGhost()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var envelope = Samples.Envelope(alice.User);

        var outcome = Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(envelope, alice.User, 1), default));

        var received = await alice.NextFrameAsync(Limit);
        Assert.Equal(Samples.Bob, received.From);
        Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)), received.Frame);
        Assert.InRange(outcome.NativeReference!.Length, 1, 1_024);
    }

    [Fact]
    public async Task Deliver_FromTheHub_ComesFromTheService()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var about = EventId.Derive(far.Network, "x");
        var envelope = Samples.FromHub(alice.User, about, new DeliveryReport(about, FrameId.Create(), null, DeliveryStatus.Accepted, null, null, DateTimeOffset.UnixEpoch));

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(envelope, alice.User, 1), default));

        Assert.Null((await alice.NextFrameAsync(Limit)).From);
    }

    [Fact]
    public async Task Deliver_Twice_ShowsOneEventId()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var (once, other) = (Samples.Envelope(alice.User), Samples.Envelope(alice.User));

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(once, alice.User, 1), default));
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(once, alice.User, 2), default));
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(other, alice.User, 1), default));

        var ids = new List<EventId>();
        while (!ids.Contains(other.Id))
        {
            var frame = await alice.NextFrameAsync(Limit);
            Assert.True(FrameCodec.TryDecode(frame.Frame, out var decoded, out _));
            ids.Add(Assert.IsType<EndpointFrame.Delivery>(decoded).Envelope.Id);
        }

        Assert.Equal([once.Id, other.Id], ids.Distinct());
        Assert.InRange(ids.Count, 2, 3);
    }

    [Fact]
    public async Task Deliver_ManyInOrder_ArriveInOrder()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var room = Samples.Room();
        var sent = Enumerable.Range(0, 30).Select(_ => Samples.Envelope(alice.User, room: room)).ToList();

        foreach (var envelope in sent)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(envelope, alice.User, 1), default));
        }

        foreach (var envelope in sent)
        {
            Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)), (await alice.NextFrameAsync(Limit)).Frame);
        }
    }

    [Fact]
    public async Task Deliver_LargeFrame_ArrivesWhole()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var envelope = Samples.Envelope(alice.User, (await adapter.GetFeaturesAsync(default)).MaxFrameBytes + 5_000);

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(envelope, alice.User, 1), default));

        Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)), (await alice.NextFrameAsync(Limit)).Frame);
    }

    [Fact]
    public async Task Deliver_ToNobody_IsRejectedWithARule()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        Assert.True(UserUri.TryCreate(far.Provider, "nobody-of-that-name", out var nobody));

        var rejected = Assert.IsType<DeliveryOutcome.Rejected>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(nobody), nobody, 1), default));

        Assert.NotEmpty(rejected.RuleId);
        Assert.DoesNotContain("nobody-of-that-name", rejected.Reason, StringComparison.Ordinal);
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
    }

    [Fact]
    public async Task Deliver_RefusalOfAnOrdinaryMessage_IsShownToThePerson()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        await alice.SendPlainAsync(Samples.Bob, "hello", "plain-1");
        var plain = await sink.NextEventAsync(Limit);
        var id = EventId.Derive(far.Network, [.. plain.DedupeKey]);
        var refusal = Samples.FromHub(alice.User, id, new Refusal(id, null, "HUB-009", "Nothing end-to-end covers it.", null, null));

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(refusal, alice.User, 1, plain.NativeReference), default));

        var notice = await alice.NextNoticeAsync(Limit);
        Assert.Contains("HUB-009", notice, StringComparison.Ordinal);
        Assert.Contains("Nothing end-to-end covers it.", notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_Confirmation_NamesTheDelivery()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);

        // At first contact a network may have to wait until the recipient comes in; that is no matter of receipts.
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        await alice.NextFrameAsync(Limit);
        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        Assert.Equal(!(await adapter.GetFeaturesAsync(default)).Receipts, delivered.Reached);
        if (delivered.Reached)
        {
            return;
        }

        await alice.ConfirmAsync(await alice.NextFrameAsync(Limit));

        var receipt = await sink.NextReceiptAsync(Limit);
        Assert.Equal(delivered.NativeReference, receipt.NativeReference);
        Assert.Equal(alice.User, receipt.Recipient);
        Assert.Equal(DeliveryStatus.Delivered, receipt.Status);
    }

    [Fact]
    public async Task Network_AwayAndBack_IsStatusAndNothingIsCertainlyDelivered()
    {
        await using var alice = await SignInAsync();
        await adapter.StartAsync(sink, default);
        var envelope = Samples.Envelope(alice.User);
        await far.SetReachableAsync(false);

        var outcome = await adapter.DeliverAsync(new Delivery(envelope, alice.User, 1), default);
        Assert.True(outcome is DeliveryOutcome.Deferred or DeliveryOutcome.Uncertain, outcome.ToString());
        await UntilAsync(() => adapter.Status.State == AdapterState.Degraded);

        await far.SetReachableAsync(true);
        await UntilAsync(() => adapter.Status.State == AdapterState.Connected);
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(envelope, alice.User, 2), default));
        Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(envelope)), (await alice.NextFrameAsync(Limit)).Frame);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            await Task.Delay(50, limit.Token);
        }
    }
}

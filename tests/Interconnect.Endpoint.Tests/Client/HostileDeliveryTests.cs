using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>What a careless network or a dishonest gateway may do to deliveries, and what the endpoint makes of it.</summary>
public sealed class HostileDeliveryTests
{
    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;

    public HostileDeliveryTests() => gateway = new FakeGateway(clock);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EverythingDeliveredTwice_IsShownAndCountedOnce(bool tellsSequence)
    {
        gateway.TellsSequence = tellsSequence;
        gateway.Deliver = (_, parcel) => [parcel, parcel];
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;

        await alice.SendAsync(bob, "one");
        var last = await alice.SendAsync(bob, "two");
        await alice.WaitAsync(last, MessageState.Delivered);
        var back = await bob.SendAsync(alice, "three");
        await bob.WaitAsync(back, MessageState.Delivered);

        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
        Assert.Equal(["three"], await alice.InboxAsync(bob));
    }

    [Fact]
    public async Task MessagesThatComeInAnotherOrder_AreShownInTheHubsOrder()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "zero"), MessageState.Delivered);
        var kept = new List<Parcel>();
        gateway.Deliver = (to, parcel) =>
        {
            if (to != bob.User || parcel.Envelope.Event is not EncryptedMessage)
                return [parcel];

            kept.Add(parcel);
            return kept.Count < 5 ? [] : Enumerable.Reverse(kept);
        };

        for (var i = 1; i <= 5; i++)
            await alice.SendAsync(bob, $"m{i}");

        await bob.ReceiveAsync("m5");
        Assert.Equal(["zero", "m1", "m2", "m3", "m4", "m5"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AMessageThatNeverComes_HoldsTheOthersOnlyForAWhile()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "zero"), MessageState.Delivered);
        Parcel? lost = null;
        gateway.Deliver = (to, parcel) =>
        {
            if (to != bob.User || parcel.Envelope.Event is not EncryptedMessage || lost is not null)
                return [parcel];

            lost = parcel;
            return [];
        };

        await alice.SendAsync(bob, "lost");
        var id = await alice.SendAsync(bob, "next");
        await alice.WaitAsync(id, MessageState.Accepted);
        while (gateway.MailboxOf(bob.User).Count > 0)
            await Task.Yield();

        Assert.Equal(["zero"], await bob.InboxAsync(alice));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1UL, (await bob.NextAsync<EndpointEvent.GapSkipped>()).Missing);
        await bob.ReceiveAsync("next");

        // What time released is answered at once, not with what happens next.
        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(id, MessageState.Delivered)).State);

        // Late, but not lost.
        gateway.Inject(bob.User, lost!);
        await bob.ReceiveAsync("lost");
    }

    [Fact]
    public async Task AFrameWithAnotherSignature_IsDroppedAndTheTrueOneIsTaken()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        gateway.Deliver = (to, parcel) => to == bob.User && parcel.Envelope is { Event: EncryptedMessage, Proof: { } proof }
            ? [parcel with { Envelope = parcel.Envelope with { Proof = proof with { Signature = Flip(proof.Signature) } } }, parcel]
            : [parcel];

        var id = await alice.SendAsync(bob, "hi");

        Assert.Equal("END-008", (await bob.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        await bob.ReceiveAsync("hi");
        await alice.WaitAsync(id, MessageState.Delivered);
    }

    [Fact]
    public async Task AFrameSignedWithAKeyThatIsNotTheMembers_IsDropped()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        using var other = Interconnect.Mls.CipherSuite.Get(1).GenerateSignatureKeyPair();
        gateway.Deliver = (to, parcel) => to == bob.User && parcel.Envelope is { Event: EncryptedMessage, Proof: { } proof }
            ? [parcel with { Envelope = parcel.Envelope with { Proof = Sign(parcel.Envelope, proof, other) } }]
            : [parcel];

        await alice.SendAsync(bob, "two");

        Assert.Equal("END-032", (await bob.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.Equal(["one"], await bob.InboxAsync(alice));
    }

    public static TheoryData<string> Forgeries => ["END-003", "END-004", "END-005", "END-006", "END-007", "END-009", "END-011", "FED-001"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task ADeliveryThatIsNotWhatItClaims_IsDroppedWithItsRule(string rule)
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var cathy = UserUri.Parse("mimi://c.test/u/cathy");
        var done = false;
        gateway.Deliver = (to, parcel) =>
        {
            if (done || to != bob.User || parcel.Envelope.Event is not RoomUpdate)
                return [parcel];

            done = true;
            var envelope = parcel.Envelope;
            var report = new DeliveryReport(envelope.Id, null, null, DeliveryStatus.Accepted, null, null, clock.GetUtcNow());
            return
            [
                rule switch
                {
                    "END-003" => parcel with { Envelope = FederationEnvelope.Create(envelope.Id, null, null, envelope.Conversation, default, clock.GetUtcNow(), report) },
                    "END-004" => parcel with { From = new TransportAddress.Ghost(cathy) },
                    "END-005" => parcel with { Envelope = envelope with { Recipients = [cathy] } },
                    "END-006" => parcel with { Envelope = envelope with { Proof = null } },
                    "END-007" => new Parcel(new TransportAddress.Ghost(cathy), FederationEnvelope.Create(envelope.Id, envelope.Origin, cathy, envelope.Conversation, default, clock.GetUtcNow(), envelope.Event, envelope.EncodedEvent) with { Proof = envelope.Proof }),
                    "END-009" => parcel with { Envelope = FederationEnvelope.Create(envelope.Id, envelope.Origin, envelope.Sender, envelope.Conversation, default, clock.GetUtcNow(), report) with { Proof = envelope.Proof } },
                    "END-011" => parcel with { Envelope = FederationEnvelope.Create(envelope.Id, envelope.Origin, envelope.Sender, ConversationKey.OfUser(bob.User), default, clock.GetUtcNow(), envelope.Event, envelope.EncodedEvent) with { Proof = envelope.Proof } },
                    _ => parcel with { RawFrame = new byte[] { 1, 2, 3 } },
                },
                parcel,
            ];
        };

        var id = await alice.SendAsync(bob, "hi");

        var rejected = await bob.NextAsync<EndpointEvent.FrameRejected>();
        Assert.True(rejected.RuleId == rule || (rule == "FED-001" && rejected.RuleId.StartsWith("FED-", StringComparison.Ordinal)), rejected.RuleId);
        await alice.WaitAsync(id, MessageState.Delivered);
        Assert.Equal(["hi"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task ARoomOfSomebodyWhoWasNotAllowed_IsNotJoined()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var asked = false;
        gateway.Deliver = (to, parcel) =>
        {
            // A gateway that hides the revocation from Alice and lets her go on.
            asked |= parcel.Envelope.Event is RoomUpdate;
            return parcel.Envelope.Event is ConsentEntry { Operation: ConsentOperation.Revoke } ? [] : [parcel];
        };
        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await bob.NextAsync<EndpointEvent.ConsentAnswered>();
        await bob.NextAsync<EndpointEvent.ConsentAnswered>();
        var entry = gateway.AcceptedRequests.Select(r => r.Event).OfType<ConsentEntry>().Last(e => e.Operation == ConsentOperation.Revoke);
        Assert.Equal(alice.User, entry.Requester);
        gateway.Grant(alice.User, bob.User);

        await alice.SendAsync(bob, "hi");

        Assert.Equal("END-024", (await bob.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.True(asked);
        Assert.Empty(await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AContactsNewKey_IsShownAndBlocksSendingUntilConfirmed()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var before = (await alice.Client.SafetyNumbersAsync(bob.User))?.ToCompare;

        // Bob lost his device and made the same one anew, or somebody says so.
        await bob.StopAsync();
        await using var again = Person.Create(gateway, clock, "bob@b.test");
        again.Options = again.Options with { AutoConsent = true };
        gateway.ForgetKeys(bob.User);
        await again.StartAsync();
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        Assert.Equal(bob.User, (await alice.NextAsync<EndpointEvent.KeyChanged>()).User);

        var blocked = Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "two"));
        Assert.Equal("END-102", blocked.RuleId);
        Assert.True((await alice.Client.ContactAsync(bob.User))!.KeyChanged);
        Assert.NotEqual(before, (await alice.Client.SafetyNumbersAsync(bob.User))?.ToCompare);
        Assert.Empty(await again.InboxAsync(alice));

        // The digits that were compared decide, and nothing else: those of before leave Bob the one he was, those of the new identity make him the new one.
        var shown = (await alice.Client.SafetyNumbersAsync(bob.User))!;
        Assert.Equal("END-114", (await alice.Client.ConfirmAsync(bob.User, Other(shown.Shown!)))?.RuleId);
        Assert.True((await alice.Client.ContactAsync(bob.User))!.KeyChanged);
        Assert.Null(await alice.Client.ConfirmAsync(bob.User, shown.Shown!));
        Assert.True((await alice.Client.ContactAsync(bob.User))!.Verified);
        var id = await alice.SendAsync(bob, "two");
        await alice.WaitAsync(id, MessageState.Delivered);
        Assert.Equal(["two"], await again.InboxAsync(alice));
        Assert.Equal((await again.Client.SafetyNumbersAsync(alice.User))?.ToCompare, (await alice.Client.SafetyNumbersAsync(bob.User))?.ToCompare);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFrameInChunks_IsPutTogetherAcrossDaysOfSleepAndARestart(bool restart)
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "zero"), MessageState.Delivered);
        Parcel? kept = null;
        gateway.Deliver = (to, parcel) =>
        {
            if (to != bob.User || parcel.Envelope.Event is not EncryptedMessage)
                return [parcel];

            kept = parcel;
            return [];
        };
        await alice.WaitAsync(await alice.SendAsync(bob, new string('x', 5_000)), MessageState.Accepted);
        var chunks = FrameChunks.Split(FrameCodec.Encode(new EndpointFrame.Delivery(kept!.Envelope)), FrameId.Create(), 1_000)!;
        var sink = bob.Transport.Sink!;

        foreach (var chunk in chunks.Skip(3))
            await sink.ReceiveAsync(new InboundItem.Chunk(kept.From, chunk), CancellationToken.None);

        clock.Jump(TimeSpan.FromDays(2));
        if (restart)
            await bob.RestartAsync();

        Assert.Equal(["zero"], await bob.InboxAsync(alice));
        foreach (var chunk in chunks.Take(3))
            await bob.Transport.Sink!.ReceiveAsync(new InboundItem.Chunk(kept.From, chunk), CancellationToken.None);

        Assert.Equal(5_000, (await bob.ReceiveAsync(new string('x', 5_000))).Text!.Length);
    }

    [Fact]
    public void UnfinishedFrames_ForgottenForABoundOrTheirAge_AreTold()
    {
        var forgotten = new List<FrameId>();
        var assembler = new FrameAssembler(new FrameAssemblerOptions { MaxBytes = 2_500, Forgotten = (_, id) => forgotten.Add(id) }, clock);
        var old = FrameId.Create();
        var oldChunks = Split(old, 2_000);
        var wanted = Split(FrameId.Create(), 2_000);

        var outcomes = oldChunks.SkipLast(1).Select(chunk => assembler.Add("s", chunk)).ToList();
        Assert.Empty(forgotten);
        outcomes.AddRange(wanted.Select(chunk => assembler.Add("s", chunk)));
        Assert.IsType<AssemblyOutcome.Complete>(outcomes[^1]);
        Assert.Equal([old], forgotten);

        assembler.Add("s", wanted[0]);
        clock.Jump(TimeSpan.FromMinutes(11));
        Assert.Equal(0, assembler.PartialCount);
        Assert.Equal([old, wanted[0].Id], forgotten);

        static List<FrameChunk> Split(FrameId id, int bytes) =>
            [.. FrameChunks.Split(new byte[bytes], id, 700)!.Select(text => FrameChunks.TryParse(text, out var chunk, out _) ? chunk : throw new InvalidOperationException())];
    }

    private static SafetyNumber Other(SafetyNumber number) =>
        SafetyNumber.TryParse((number.Digits[0] == '0' ? "1" : "0") + number.Digits[1..], out var other, out _) ? other : throw new InvalidOperationException();

    private static FrameProof Sign(FederationEnvelope envelope, FrameProof proof, Interconnect.Mls.SignatureKeyPair key) => proof with
    {
        SignatureKey = key.PublicKey,
        Signature = key.SignWithLabel(FrameProof.Label, FrameProof.SignedContent(proof.FrameId, proof.Client, proof.CreatedAt, proof.CipherSuite, envelope.EncodedEvent.Span)),
    };

    private static byte[] Flip(ReadOnlyMemory<byte> bytes)
    {
        var changed = bytes.ToArray();
        changed[0] ^= 1;
        return changed;
    }
}

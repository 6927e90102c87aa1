using System.Text;
using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Policy;

/// <summary>One refusing and one accepting case of a rule; the refusing one comes first and changes nothing, so the accepting one starts from the same state.</summary>
internal sealed record RuleCase(HubRule Rule, Func<HubOptions, HubOptions> Change, Func<World, Task> Run);

/// <summary>The cases of the rules on what clients submit.</summary>
internal static class RuleCases
{
    private static readonly UserUri Stranger = UserUri.Parse("mimi://elsewhere.test/u/eve");

    public static IReadOnlyList<RuleCase> All { get; } =
    [
        Case(HubRule.SenderOfOrigin, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), sender: w.Bob.User), HubRule.SenderOfOrigin);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.ConversationFits, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), conversation: ConversationKey.OfUser(w.Bob.User)), HubRule.ConversationFits);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.Readable, async w =>
        {
            var refusal = await w.RefusesAsync(w.Alice.Send(new Unreadable("FED-003", "The frame is of another version"), signed: false), HubRule.Readable, shown: "FED-003");
            Assert.Equal("The frame is of another version", refusal.Reason);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.EndToEnd, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(w.Alice.Send(new EncryptedMessage(null, w.Bob.User, default), labels: default(EncryptionLabels), signed: false), HubRule.EndToEnd);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, "x"), labels: new EncryptionLabels(OuterEncryption.Omemo, InnerEncryption.None)), HubRule.EndToEnd);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.ClientKind, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(new DeliveryReport(EventId.Derive(w.Alice.Network, "x"), null, w.Bob.User, DeliveryStatus.Delivered, null, null, w.Clock.GetUtcNow())), HubRule.ClientKind);
            await w.RefusesAsync(w.Alice.Send(new Refusal(EventId.Derive(w.Alice.Network, "x"), null, "HUB-001", "no", null, null)), HubRule.ClientKind);
            await w.RefusesAsync(w.Alice.Send(new KeyMaterialResponse(FrameId.Create(), w.Bob.User, null, KeyMaterialStatus.Success, [])), HubRule.ClientKind);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.RoomLane, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            var message = w.Alice.Writes(room, "x");
            await w.RefusesAsync(w.Alice.Send(new EncryptedMessage(null, w.Bob.User, message.Message)), HubRule.RoomLane);
            await w.RefusesAsync(w.Alice.Send(message, labels: new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Omemo)), HubRule.RoomLane);
            await w.CrossesAsync(w.Alice, w.Bob, message);
        }),
        Case(HubRule.Signed, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), signed: false), HubRule.Signed);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.ClientOfSender, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), client: w.Bob.Uri, key: w.Bob.Key), HubRule.ClientOfSender);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.SuiteAllowed, o => o with { AllowedSuites = [1, 2] }, async w =>
        {
            var weak = new Device(World.Xmpp, "a.test", "alice", w.Clock, "old", suite: 3);
            await w.RefusesAsync(weak.Send(weak.Publication()), HubRule.SuiteAllowed);
            var other = new Device(World.Xmpp, "a.test", "alice", w.Clock, "new", suite: 2);
            await w.PublishAsync(other);
        }),
        Case(HubRule.FrameFresh, async w =>
        {
            await w.ListAsync(w.Alice);
            var now = w.Clock.GetUtcNow();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), createdAt: now - TimeSpan.FromDays(7) - TimeSpan.FromMilliseconds(1)), HubRule.FrameFresh);
            await w.AcceptsAsync(w.Alice.Send(w.Alice.Publication(), createdAt: now - TimeSpan.FromDays(7)));
        }),
        Case(HubRule.FrameNotAhead, async w =>
        {
            await w.ListAsync(w.Alice);
            var now = w.Clock.GetUtcNow();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), createdAt: now + TimeSpan.FromMinutes(5) + TimeSpan.FromMilliseconds(1)), HubRule.FrameNotAhead);
            await w.AcceptsAsync(w.Alice.Send(w.Alice.Publication(), createdAt: now + TimeSpan.FromMinutes(5)));
        }),
        Case(HubRule.SignatureValid, async w =>
        {
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), broken: true), HubRule.SignatureValid);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.FrameOnce, async w =>
        {
            await w.ListAsync(w.Alice);
            var frame = FrameId.Create();
            var publication = w.Alice.Publication();
            await w.AcceptsAsync(w.Alice.Send(publication, frame: frame, eventKey: "first"));
            await w.RefusesAsync(w.Alice.Send(publication, frame: frame, eventKey: "second"), HubRule.FrameOnce);
            await w.AcceptsAsync(w.Alice.Send(w.Alice.Publication(), eventKey: "third"));
        }),
        Case(HubRule.ClientRegistered, async w =>
        {
            await w.ListAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, w.Bob.User)), HubRule.ClientRegistered);
            await w.PublishAsync(w.Alice);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.ClientKey, async w =>
        {
            await w.PublishAsync(w.Alice);
            var thief = new Device(World.Xmpp, "a.test", "alice", w.Clock);
            await w.RefusesAsync(thief.Send(thief.Publication()), HubRule.ClientKey);
            await w.RefusesAsync(thief.Send(thief.Says(ConsentOperation.Request, w.Bob.User)), HubRule.ClientKey);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.TwoUsers, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, w.Alice.User)), HubRule.TwoUsers);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.DestinationKnown, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, Stranger)), HubRule.DestinationKnown);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.Peering, WithCathy, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://c.test/u/cathy"))), HubRule.Peering);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(UserUri.Parse("mimi://c.test/u/cathy"))), HubRule.Peering);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.PeeringLane, o => WithCathy(o) with { Peerings = [.. o.Peerings, Agreement("c.test") with { Lanes = [InnerEncryption.Signal] }] }, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://c.test/u/cathy"))), HubRule.PeeringLane);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.PeeringSuite, o => WithCathy(o) with { Peerings = [.. o.Peerings, Agreement("c.test") with { MinimumSuite = 5 }] }, async w =>
        {
            var cathy = UserUri.Parse("mimi://c.test/u/cathy");
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, cathy)), HubRule.PeeringSuite);
            var strong = new Device(World.Xmpp, "a.test", "alice", w.Clock, "strong", suite: 7);
            await w.PublishAsync(strong);
            await w.AcceptsAsync(strong.Send(strong.Says(ConsentOperation.Request, cathy)));
        }),
        Case(HubRule.PeeringSize, o => o with { Peerings = [Agreement("hs.test") with { MaxMessageBytes = 2_000 }] }, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, new string('x', 2_000))), HubRule.PeeringSize);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, new string('x', 1_000)));
        }),
        Case(HubRule.SenderRate, o => o with { Limits = o.Limits with { SenderUnitsPerSecond = 1, SenderBurst = 24 } }, async w =>
        {
            await w.ListAsync(w.Alice);
            await w.ListAsync(w.Bob);
            w.Clock.Advance(TimeSpan.FromSeconds(2));

            // Two packages cost 6, to take them in 1, and the frame's signature 1; what is brought again is checked again.
            var twice = w.Alice.Send(w.Alice.Publication());
            await w.AcceptsAsync(twice);
            await w.Bus.SubmitAsync(twice);
            await w.PublishAsync(w.Alice);
            var refusal = await w.RefusesAsync(w.Alice.Send(w.Alice.Publication()), HubRule.SenderRate);
            Assert.Equal(TimeSpan.FromSeconds(5), refusal.RetryAfter);
            await w.PublishAsync(w.Bob);

            // Nobody else uses up a sender's.
            for (var i = 0; i < 20; i++)
            {
                await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), sender: w.Bob.User), HubRule.SenderOfOrigin);
            }

            await w.PublishAsync(w.Bob);

            // Time fills the bucket up to the burst; refusals take from it what they cost.
            w.Clock.Advance(TimeSpan.FromHours(1));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(), broken: true), HubRule.SignatureValid);
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication()), HubRule.SenderRate);
            w.Clock.Advance(TimeSpan.FromSeconds(4));
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.EventCost, async w =>
        {
            var strong = new Device(World.Xmpp, "a.test", "alice", w.Clock, "strong", suite: 7);
            var refusal = await w.RefusesAsync(strong.Send(strong.Publication(50)), HubRule.EventCost);
            Assert.Null(refusal.RetryAfter);
            await w.PublishAsync(strong, 2);
        }),
        Case(HubRule.ConsentByRequester, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Request, w.Bob.User, w.Alice.User, null)), HubRule.ConsentByRequester);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Cancel, w.Bob.User, w.Alice.User, null)), HubRule.ConsentByRequester);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.ConsentByTarget, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Grant, w.Alice.User, w.Bob.User, null)), HubRule.ConsentByTarget);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Revoke, w.Alice.User, w.Bob.User, null)), HubRule.ConsentByTarget);
            await w.PublishAsync(w.Bob);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Request, w.Alice.User));
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Grant, w.Bob.User));
        }),
        Case(HubRule.ConsentAsked, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(w.Bob);
            await w.RefusesAsync(w.Bob.Send(w.Bob.Says(ConsentOperation.Grant, w.Alice.User)), HubRule.ConsentAsked);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Cancel, w.Bob.User));
            await w.RefusesAsync(w.Bob.Send(w.Bob.Says(ConsentOperation.Grant, w.Alice.User)), HubRule.ConsentAsked);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
        }),
        Case(HubRule.ConsentOfSender, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Request, UserUri.Parse("mimi://a.test/u/cathy"), w.Bob.User, null)), HubRule.ConsentOfSender);
            await w.RefusesAsync(w.Alice.Send(new ConsentEntry(ConsentOperation.Grant, UserUri.Parse("mimi://a.test/u/cathy"), w.Bob.User, null)), HubRule.ConsentOfSender);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
        }),
        Case(HubRule.ConsentBound, o => o with { Limits = o.Limits with { MaxOpenConsentRequests = 1 } }, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/bernard"))), HubRule.ConsentBound);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Cancel, w.Bob.User));
            await w.AcceptsAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/bernard"))));
        }),
        Case(HubRule.ConsentTotal, o => o with { Limits = o.Limits with { MaxConsentsPerUser = 1 } }, async w =>
        {
            var bernard = new Device(World.Matrix, "hs.test", "bernard", w.Clock);
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(bernard);
            await w.StaysAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Revoke, w.Bob.User));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, bernard.User)), HubRule.ConsentTotal);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Revoke, bernard.User)), HubRule.ConsentTotal);

            // What was asked can always be refused; what is taken back makes room.
            await w.CrossesAsync(bernard, w.Alice, bernard.Says(ConsentOperation.Request, w.Alice.User));
            await w.StaysAsync(w.Alice, bernard, w.Alice.Says(ConsentOperation.Revoke, bernard.User));
            await w.StaysAsync(w.Alice, bernard, w.Alice.Says(ConsentOperation.Grant, bernard.User) with { Requester = w.Bob.User });
            await w.CrossesAsync(w.Alice, bernard, w.Alice.Says(ConsentOperation.Grant, bernard.User));
        }),
        Case(HubRule.Unsolicited, o => o with { Limits = o.Limits with { ConsentWordsPerDay = 2, UnsolicitedPerDay = 3 } }, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(w.Bob);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            await w.StaysAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            var refusal = await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, w.Bob.User)), HubRule.Unsolicited);
            Assert.Equal(TimeSpan.FromHours(1), refusal.RetryAfter);

            // To all together, too; who revokes is not counted, and who is asked counts for itself.
            await w.AcceptsAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/bernard"))));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/basil"))), HubRule.Unsolicited);
            await w.Bus.NextAsync(World.Matrix);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Revoke, w.Alice.User));
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Revoke, w.Alice.User));
            await w.RefusesAsync(w.Bob.Send(w.Bob.Says(ConsentOperation.Grant, w.Alice.User)), HubRule.Unsolicited);
            w.Clock.Advance(TimeSpan.FromDays(1));
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
        }),
        Case(HubRule.Consented, async w =>
        {
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(w.Bob);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(w.Bob.User)), HubRule.Consented);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Says(ConsentOperation.Request, w.Bob.User));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(w.Bob.User)), HubRule.Consented);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
            var room = await w.AnotherRoomAsync(w.Alice, w.Bob);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Revoke, w.Alice.User));
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, "x")), HubRule.Consented);
            await w.RefusesAsync(w.Bob.Send(w.Bob.Writes(room, "x")), HubRule.Consented);
            await w.CrossesAsync(w.Bob, w.Alice, w.Bob.Says(ConsentOperation.Grant, w.Alice.User));
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        Case(HubRule.PublishOwn, async w =>
        {
            var tablet = new Device(World.Xmpp, "a.test", "alice", w.Clock, "tablet");
            await w.ListAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(tablet.Publication()), HubRule.PublishOwn);
            await w.PublishAsync(w.Alice);
            await w.RefusesAsync(w.Alice.Send(new KeyMaterialCountRequest(tablet.Uri)), HubRule.PublishOwn);
            await w.PublishAsync(tablet);
        }),
        Case(HubRule.PackageValid, async w =>
        {
            await w.ListAsync(w.Alice);
            var good = w.Alice.Publication(1);
            var damaged = good.KeyPackages[0].ToArray();
            damaged[^1] ^= 1;
            var refusal = await w.RefusesAsync(w.Alice.Send(good with { KeyPackages = [damaged] }), HubRule.PackageValid);
            Assert.Matches("MLS-[0-9]+", refusal.Reason);
            await w.RefusesAsync(w.Alice.Send(good with { KeyPackages = [w.Alice.Mls.CreateKeyPackage(TimeSpan.FromDays(30)).KeyPackage, new byte[] { 1, 2, 3 }] }), HubRule.PackageValid);
            await w.AcceptsAsync(w.Alice.Send(good));
        }),
        Case(HubRule.PackageLifetime, async w =>
        {
            var client = new MlsClient(Encoding.UTF8.GetBytes(w.Alice.Uri.Value), w.Alice.Key, UnsafeAcceptAnyCredential.Instance, w.Clock, new MlsOptions { MaxLeafLifetime = TimeSpan.MaxValue });
            await w.ListAsync(w.Alice);
            KeyMaterialPublish Living(TimeSpan time) => new(w.Alice.Uri, [client.CreateKeyPackage(time).KeyPackage]);
            await w.RefusesAsync(w.Alice.Send(Living(TimeSpan.FromDays(36_500))), HubRule.PackageLifetime);
            await w.RefusesAsync(w.Alice.Send(Living(TimeSpan.FromDays(100))), HubRule.PackageLifetime);
            await w.AcceptsAsync(w.Alice.Send(Living(TimeSpan.FromDays(100) - TimeSpan.FromHours(1))));
        }),
        Case(HubRule.PackageIdentity, async w =>
        {
            await w.ListAsync(w.Alice);
            var other = new MlsClient(Encoding.UTF8.GetBytes(w.Bob.Uri.Value), w.Alice.Key, UnsafeAcceptAnyCredential.Instance, w.Clock);
            await w.RefusesAsync(w.Alice.Send(new KeyMaterialPublish(w.Alice.Uri, [other.CreateKeyPackage(TimeSpan.FromDays(1)).KeyPackage])), HubRule.PackageIdentity);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.PackageKey, async w =>
        {
            await w.ListAsync(w.Alice);
            using var key = CipherSuite.Get(1).GenerateSignatureKeyPair();
            var other = new MlsClient(Encoding.UTF8.GetBytes(w.Alice.Uri.Value), key, UnsafeAcceptAnyCredential.Instance, w.Clock);
            await w.RefusesAsync(w.Alice.Send(new KeyMaterialPublish(w.Alice.Uri, [other.CreateKeyPackage(TimeSpan.FromDays(1)).KeyPackage])), HubRule.PackageKey);
            await w.PublishAsync(w.Alice);
        }),
        Case(HubRule.PackageNew, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var publication = w.Bob.Publication(1);
            await w.RefusesAsync(w.Bob.Send(publication with { KeyPackages = [publication.KeyPackages[0], publication.KeyPackages[0]] }), HubRule.PackageNew);
            await w.AcceptsAsync(w.Bob.Send(publication));
            await w.RefusesAsync(w.Bob.Send(publication), HubRule.PackageNew);
            for (var i = 0; i < 3; i++)
            {
                await w.ClaimAsync(w.Alice, w.Bob.User);
            }

            await w.RefusesAsync(w.Bob.Send(publication), HubRule.PackageNew);
            await w.PublishAsync(w.Bob);
        }),
        Case(HubRule.PackagePool, o => o with { Limits = o.Limits with { MaxKeyPackagesPerClient = 3 } }, async w =>
        {
            await w.PublishAsync(w.Alice, 2);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Publication(2)), HubRule.PackagePool);
            await w.PublishAsync(w.Alice, 1);
        }),
        Case(HubRule.ClientBound, o => o with { Limits = o.Limits with { MaxClientsPerUser = 1 } }, async w =>
        {
            await w.PublishAsync(w.Alice);
            var tablet = new Device(World.Xmpp, "a.test", "alice", w.Clock, "tablet");
            await w.ListAsync(tablet);
            await w.RefusesAsync(tablet.Send(tablet.Publication()), HubRule.ClientBound);
            await w.PublishAsync(w.Alice);
            await w.PublishAsync(new Device(World.Xmpp, "a.test", "alan", w.Clock));
        }),
        Case(HubRule.ClaimQuota, o => o with { Limits = o.Limits with { ClaimsPerDay = 2 } }, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var cathy = new Device(World.Xmpp, "a.test", "cathy", w.Clock);
            await w.PublishAsync(w.Bob, 10);
            await w.ClaimAsync(w.Alice, w.Bob.User);
            await w.ClaimAsync(w.Alice, w.Bob.User, w.NewRoom());
            var refusal = await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(w.Bob.User)), HubRule.ClaimQuota);
            Assert.Equal(TimeSpan.FromHours(1), refusal.RetryAfter);

            // Somebody else has its own; a restart gives nothing back, and time does.
            await w.PublishAsync(cathy);
            await w.CrossesAsync(cathy, w.Bob, cathy.Says(ConsentOperation.Request, w.Bob.User));
            await w.AcceptsAsync(w.Bob.Send(w.Bob.Says(ConsentOperation.Grant, cathy.User)));
            await w.Bus.NextAsync(World.Xmpp);
            await w.ClaimAsync(cathy, w.Bob.User);
            await w.CrashHubAsync();
            await w.StartHubAsync();
            await w.RefusesAsync(w.Alice.Send(w.Alice.Asks(w.Bob.User)), HubRule.ClaimQuota);
            w.Clock.Advance(TimeSpan.FromDays(1));
            await w.ClaimAsync(w.Alice, w.Bob.User);

            // What a user's devices take of each other's is their own affair.
            await w.PublishAsync(new Device(World.Matrix, "hs.test", "bob", w.Clock, "tablet"), 5);
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(KeyMaterialStatus.Success, (await w.ClaimAsync(w.Bob, w.Bob.User)).Status);
            }
        }),
        Case(HubRule.LastResortOnce, async w =>
        {
            await w.ListAsync(w.Alice);
            var one = w.Alice.LastResort(1);
            await w.RefusesAsync(w.Alice.Send(one with { KeyPackages = [.. one.KeyPackages, .. w.Alice.LastResort().KeyPackages] }), HubRule.LastResortOnce);
            await w.AcceptsAsync(w.Alice.Send(one));
        }),
        Case(HubRule.HandshakeSize, o => o with { Limits = o.Limits with { MaxHandshakeBytes = 200_000, MaxClientsPerUser = 1 } }, async w =>
        {
            await w.MeetAsync(w.Alice, w.Bob);
            var room = w.NewRoom();
            var claimed = await w.ClaimAsync(w.Alice, w.Bob.User);
            var bob = claimed.Clients.Select(c => c.KeyPackage).ToList();
            var crowd = Enumerable.Range(0, 520).Select(i => new Device(World.Matrix, "hs.test", "bob", w.Clock, $"d{i}").Publication(1).KeyPackages[0]).ToList();

            // Five proposals, where two clients can go and two come; then few proposals, but more clients than rooms have, few clients that are far apart, too many Welcomes.
            await w.RefusesAsync(w.Alice.Send(w.Alice.Creates(room, [.. bob, .. crowd.Take(4)])), HubRule.HandshakeSize);
            var many = w.Alice.Creates(room, crowd.Take(201));
            var wide = w.Alice.Adds(room, crowd.Skip(201));
            wide = w.Alice.Commits(room, w.Alice.Group!.RemoveMembers([.. Enumerable.Range(1, 519).Select(i => (uint)i)]).Value);
            var update = w.Alice.Creates(room, bob);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = many.GroupInfo }), HubRule.HandshakeSize);
            await w.RefusesAsync(w.Alice.Send(update with { GroupInfo = wide.GroupInfo }), HubRule.HandshakeSize);
            await w.RefusesAsync(w.Alice.Send(update with { Welcome = many.Welcome }), HubRule.HandshakeSize);

            await w.RefusesAsync(w.Alice.Send(update with { Welcome = new byte[200_000] }), HubRule.HandshakeSize);
            await w.CrossesAsync(w.Alice, w.Bob, update);
        }),
        Case(HubRule.MessageSize, o => o with { Limits = o.Limits with { MaxMessageBytes = 1_024 } }, async w =>
        {
            var room = await w.RoomAsync(w.Alice, w.Bob);
            await w.RefusesAsync(w.Alice.Send(w.Alice.Writes(room, new string('x', 1_024))), HubRule.MessageSize);
            await w.CrossesAsync(w.Alice, w.Bob, w.Alice.Writes(room, "x"));
        }),
        .. RoomRuleCases.All,
        .. IdentityRuleCases.All,
    ];

    public static RuleCase Case(HubRule rule, Func<World, Task> run) => new(rule, static o => o, run);

    public static RuleCase Case(HubRule rule, Func<HubOptions, HubOptions> change, Func<World, Task> run) => new(rule, change, run);

    private static HubOptions WithCathy(HubOptions options) => options with
    {
        Networks = new Dictionary<NetworkId, ProviderDomain>(options.Networks) { [NetworkId.Parse("c-net")] = ProviderDomain.Parse("c.test") },
    };

    private static PeeringAgreement Agreement(string with) => new() { Id = "a-" + with.Replace('.', '-'), First = ProviderDomain.Parse("a.test"), Second = ProviderDomain.Parse(with) };
}

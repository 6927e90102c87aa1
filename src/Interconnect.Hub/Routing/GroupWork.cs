using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// Gathers what one transaction writes. Staging one event first makes everything that could fail and then changes lists and view, so an exception leaves the rest of the group intact.
/// One file, since what is staged, written and remembered after the commit has to be the same.
/// </summary>
internal sealed class GroupWork(HubView view, HubPolicy policy, HubNumbers numbers, DateTimeOffset now, DateTimeOffset ledgerTime)
{
    private readonly List<LedgerEvent> events = [];
    private readonly List<LedgerDelivery> deliveries = [];
    private readonly Dictionary<(long, UserUri), LedgerDelivery> moves = [];
    private readonly List<Client> clients = [];
    private readonly List<KeyPackageEntry> packages = [];
    private readonly List<KeyClaim> claims = [];
    private readonly IdentityWork identities = new(view);
    private readonly Dictionary<(UserUri, UserUri, RoomUri?), Consent> consents = [];
    private readonly Dictionary<RoomUri, Room> rooms = [];
    private readonly HashSet<RoomUri> regrouped = [];
    private readonly Dictionary<ClientUri, Client> seen = [];
    private readonly Dictionary<ConversationKey, Conversation> made = [];
    private readonly Dictionary<ConversationKey, Conversation> advanced = [];
    private readonly OutboxDraft outgoing = new();
    private readonly List<ParkedEnvelope> parked = [];
    private readonly List<(ConversationKey Lane, HubStream Stream, EventId Id)> newlyWaiting = [];
    private readonly List<EventId> repeated = [];
    private readonly List<Action<HubMetrics>> counts = [];
    private IReadOnlyList<OutboxPage>? pages;

    private ProviderDomain Hub => policy.Options.Domain;

    /// <summary>What the transaction has for each network; made once.</summary>
    public IReadOnlyList<OutboxPage> Pages => pages ??= outgoing.ToPages(numbers, now);

    public void Stage(PreparedEvent prepared, Decision decision)
    {
        switch (decision)
        {
            case Decision.Duplicate:
                Repeat(prepared);
                counts.Add(m => m.Duplicate(KnownOrigin(prepared.Envelope)));
                break;
            case Decision.Refused refused:
                Refuse(prepared, refused);
                break;
            case Decision.Accepted accepted:
                Accept(prepared, accepted);
                break;
            case Decision.Waiting waiting:
                Wait(prepared, waiting);
                break;
            default:
                throw new InvalidOperationException("A decision is a duplicate, a refusal, an acceptance or a wait.");
        }
    }

    /// <summary>
    /// What names another network as its origin than the one that sent it. It is written down under who sent it and for nobody else: the sender that it names has no part in it, is told
    /// nothing and pays nothing.
    /// </summary>
    public void StageForged(PreparedEvent prepared)
    {
        var network = policy.TryDomainOf(prepared.Network, out _) ? prepared.Network : null;
        if (prepared.Stream == HubStream.Report)
        {
            counts.Add(m => m.ReportIgnored(HubRule.OriginAuthentic.Id));
        }
        else if (view.Events.Add(prepared.Id))
        {
            events.Add(Row(prepared) with { Sender = null, Rule = HubRule.OriginAuthentic });
            counts.Add(m => m.Refused(network, HubRule.OriginAuthentic));
        }
        else
        {
            counts.Add(m => m.Duplicate(network));
        }
    }

    public void Stage(ReportOutcome outcome)
    {
        switch (outcome)
        {
            case ReportOutcome.Moved(var target, var report):
                Move(target, report.Status, report.RuleId, report.Reason, report.At);
                break;
            case ReportOutcome.Stale:
                counts.Add(m => m.ReportIgnored("stale"));
                break;
            case ReportOutcome.Rejected(var rule):
                counts.Add(m => m.ReportIgnored(rule.Id));
                break;
            default:
                throw new InvalidOperationException("A report moves something, is stale or is rejected.");
        }
    }

    public void Expire(LedgerTarget target) => Move(target, DeliveryStatus.Expired, HubRule.InTime.Id, HubRule.InTime.Demand, now);

    /// <summary>What this transaction parks.</summary>
    public IReadOnlyList<(ConversationKey Lane, HubStream Stream, EventId Id)> NewlyWaiting => newlyWaiting;

    public bool IsNewlyWaiting(PreparedEvent prepared) => newlyWaiting.Exists(p => p.Stream == prepared.Stream && p.Id == prepared.Id);

    public void Park(PreparedEvent prepared, ConversationKey lane)
    {
        parked.Add(new ParkedEnvelope(++numbers.Parked, lane, prepared.Stream, prepared.Body.ToArray()));
        newlyWaiting.Add((lane, prepared.Stream, prepared.Id));
    }

    public void WaitsAlready(PreparedEvent prepared) => counts.Add(m => m.Duplicate(KnownOrigin(prepared.Envelope)));

    /// <summary>Adds everything to one transaction.</summary>
    public void AddTo(StatementBatch batch) => identities.AddTo(batch
        .Add(ConversationStore.Insert, [.. made.Values])
        .Add(ConversationStore.Advance, [.. advanced.Values])
        .Add(LedgerStore.Insert, events)
        .Add(LedgerStore.InsertDelivery, deliveries)
        .Add(LedgerStore.Move, [.. moves.Values]))
        .Add(ClientStore.Insert, clients)
        .Add(ClientStore.Seen, [.. seen.Values])
        .Add(KeyPackageStore.DropLastResort, [.. packages.Where(p => p.LastResort).Select(p => p.Client)])
        .Add(KeyPackageStore.Insert, packages)
        .Add(KeyClaimStore.Insert, [.. claims.DistinctBy(c => (c.Key, c.Requester, c.Room))])
        .Add(KeyPackageStore.Take, [.. claims.Where(c => !c.LastResort)])
        .Add(ConsentStore.Upsert, [.. consents.Values.Where(c => !c.IsSilent)])
        .Add(ConsentStore.Delete, [.. consents.Values.Where(c => c.IsSilent)])
        .Add(RoomStore.Upsert, [.. rooms.Values])
        .Add(RoomStore.DeleteMembers, [.. regrouped])
        .Add(RoomStore.InsertMember, [.. regrouped.SelectMany(r => rooms[r].Members.Select(m => (r, m)))])
        .Add(ParkedStore.Insert, parked)
        .Add(OutboxStore.Insert, Pages);

    /// <summary>Makes the caches what the database now is, and counts. Called after the commit only.</summary>
    public void Committed(HubCaches caches, KnownLists lists, HubMetrics metrics)
    {
        identities.Committed(caches, lists);
        foreach (var client in clients.Concat(seen.Values))
        {
            caches.Clients.Set(client.Uri, client);
        }

        foreach (var room in rooms.Values)
        {
            caches.Rooms.Set(room.Uri, room);
        }

        foreach (var conversation in made.Values.Concat(advanced.Values))
        {
            caches.Conversations.Set(conversation.Key, conversation);
        }

        foreach (var consent in consents.Values)
        {
            caches.Consents.Set(HubCaches.PairOf(consent.Requester, consent.Target), view.ConsentsOf(consent.Requester, consent.Target));
        }

        foreach (var id in repeated)
        {
            caches.Repeated.Set(id, new Repetition(now));
        }

        foreach (var count in counts)
        {
            count(metrics);
        }
    }

    // The event is refused as yet, and everybody concerned has it all the same.
    private void Wait(PreparedEvent prepared, Decision.Waiting waiting)
    {
        var envelope = prepared.Envelope;
        var conversation = Next(envelope.Conversation);
        var row = Row(prepared) with { Rule = waiting.Answer.Rule, Sequence = conversation.LastSequence };
        var refusal = Replies.Refusal(envelope, prepared.Id, envelope.Conversation, waiting.Answer, Hub, now);
        var copies = CopiesOf(envelope with { Id = prepared.Id }, waiting.Recipients, conversation);
        var body = EnvelopeCodec.Encode(refusal);

        // From here on nothing fails.
        Pass(envelope, row, waiting.Recipients, copies);
        AddMade(refusal, envelope.Sender!, body.Length);
        Send(envelope.Origin!, refusal.Conversation, body);
        view.Events.Add(prepared.Id);
        Remember(conversation);
        identities.Stage(waiting.Identity);
        counts.Add(m => m.Refused(envelope.Origin, waiting.Answer.Rule));
    }

    private void Refuse(PreparedEvent prepared, Decision.Refused refused)
    {
        var envelope = prepared.Envelope;
        var network = KnownOrigin(envelope);
        var row = Row(prepared) with { Rule = refused.Rule, Detail = refused.Detail };
        if (network is not null && envelope.Sender is { } sender)
        {
            var refusal = Replies.Refusal(envelope, prepared.Id, SubmitDecision.LaneOf(envelope, view), refused, Hub, now);
            var body = EnvelopeCodec.Encode(refusal);
            events.Add(row);
            AddMade(refusal, sender, body.Length);
            Send(network, refusal.Conversation, body);
        }
        else
        {
            events.Add(row);
        }

        view.Events.Add(prepared.Id);
        counts.Add(m => m.Refused(network, refused.Rule));
    }

    // A sender that sends an event again has not had its answer: it gets it again from the ledger. The answer to a key material request is gone with its packages; its acceptance is not.
    private void Repeat(PreparedEvent prepared)
    {
        var again = prepared.Envelope;
        if (!view.Known.TryGetValue(prepared.Id, out var known) || !known.IsToRepeat(again, now) || KnownOrigin(again) is not { } network)
        {
            return;
        }

        if (known.RuleId is null)
        {
            Send(network, again.Conversation, EnvelopeCodec.Encode(Replies.Again(Replies.Accepted(again, prepared.Id, (ulong?)known.Sequence, Hub, now), now)));
        }
        else if (HubRule.All.FirstOrDefault(r => r.Id == known.RuleId) is { } rule)
        {
            var refused = new Decision.Refused(rule, known.Detail, RetryAfterOf(rule, again.Sender!), rule == HubRule.CommitEpoch ? EpochOf(again) : null);
            var refusal = Replies.Again(Replies.Refusal(again, prepared.Id, SubmitDecision.LaneOf(again, view), refused, Hub, now), now);
            var body = EnvelopeCodec.Encode(refusal);
            AddMade(refusal, again.Sender!, body.Length);
            Send(network, refusal.Conversation, body);
        }

        view.Known[prepared.Id] = known with { RepeatedAt = now };
        repeated.Add(prepared.Id);
    }

    private TimeSpan? RetryAfterOf(HubRule rule, UserUri sender) =>
        rule == HubRule.Backlog || rule == HubRule.ParkedBound ? policy.Limits.BacklogRetryAfter : rule == HubRule.SenderRate ? policy.Limits.SenderRetryAfter
        : rule == HubRule.ClaimQuota || rule == HubRule.Unsolicited ? policy.Limits.QuotaRetryAfter
        : rule == HubRule.ListRate ? policy.Limits.DeviceChangeWindow / policy.Limits.DeviceChanges : rule == HubRule.LinkRate ? policy.Limits.LinkWindow / policy.Limits.LinkMessages
        : rule == HubRule.ResetWaits && view.Identities.GetValueOrDefault(sender)?.Reset is { } reset && reset.EffectiveAt > now ? reset.EffectiveAt - now : null;

    private ulong? EpochOf(FederationEnvelope envelope) => envelope.Event is RoomUpdate update && view.Rooms.TryGetValue(update.Room, out var room) ? (ulong?)room?.Epoch : null;

    private void Accept(PreparedEvent prepared, Decision.Accepted accepted)
    {
        var envelope = prepared.Envelope;
        var conversation = accepted.Unnumbered || accepted.Recipients.Count == 0 ? null : Next(envelope.Conversation);
        var row = Row(prepared) with { FrameKey = prepared.FrameKey, Frame = envelope.Proof!.FrameId, ConversationNo = IsToReport(envelope.Event) ? conversation?.No : null, Sequence = conversation?.LastSequence };

        // Everything that could fail.
        var copies = CopiesOf(envelope with { Id = prepared.Id }, accepted.Recipients, conversation);
        var report = EnvelopeCodec.Encode(Replies.Accepted(envelope, prepared.Id, (ulong?)conversation?.LastSequence, Hub, now));
        var response = accepted.Response is { } answer ? Replies.Response(envelope, prepared.Id, answer, Hub, now) : null;
        var responseBody = response is null ? null : EnvelopeCodec.Encode(response);
        var notices = accepted.Notices.Select(n => Replies.Notice(prepared.Id, n, Hub, now)).Select(n => (Network: NetworkOf(n.Recipients[0].Domain), Envelope: n, Body: EnvelopeCodec.Encode(n))).ToList();

        // From here on nothing does.
        Pass(envelope, row, accepted.Recipients, copies);
        Send(envelope.Origin!, envelope.Conversation, report);
        if (response is not null)
        {
            AddMade(response, envelope.Sender!, responseBody!.Length);
            Send(envelope.Origin!, envelope.Conversation, responseBody);
        }

        foreach (var (network, notice, body) in notices)
        {
            AddMade(notice, notice.Recipients[0], body.Length);
            Send(network, notice.Conversation, body);
        }

        Remember(prepared, accepted, conversation);
        counts.Add(m => m.Accepted(envelope, now));
    }

    // What became of each contact's copy of a device list is nobody's business, the user's neither: without a conversation nobody is told.
    private static bool IsToReport(FederationEvent @event) => @event is not (DeviceListUpdate or DeviceLinkMessage or IdentityObjection);

    private List<(NetworkId Network, byte[] Body)> CopiesOf(FederationEnvelope envelope, IReadOnlyList<UserUri> recipients, Conversation? conversation) =>
        [.. recipients.GroupBy(r => NetworkOf(r.Domain)).Select(g => (g.Key, EnvelopeCodec.Encode(envelope with
        {
            Recipients = [.. g],
            Sequence = (ulong?)conversation?.LastSequence,
            AcceptedAt = now,
            HubDomain = Hub,
        })))];

    private void Pass(FederationEnvelope envelope, LedgerEvent row, IReadOnlyList<UserUri> recipients, List<(NetworkId Network, byte[] Body)> copies)
    {
        events.Add(row);
        foreach (var recipient in recipients)
        {
            deliveries.Add(new LedgerDelivery(row.No, recipient, DeliveryStatus.Accepted, now));
        }

        foreach (var (network, body) in copies)
        {
            Send(network, envelope.Conversation, body);
        }
    }

    private void Remember(PreparedEvent prepared, Decision.Accepted accepted, Conversation? conversation)
    {
        view.Events.Add(prepared.Id);
        view.Frames.Add(Convert.ToHexString(prepared.FrameKey!));
        if (conversation is not null)
        {
            Remember(conversation);
        }

        if (accepted.Identity is { } identity)
        {
            clients.RemoveAll(c => identity.Unregistered.Any(u => u.Uri == c.Uri));
            identity.Unregistered.ToList().ForEach(c => seen.Remove(c.Uri));
            packages.RemoveAll(p => identity.Unregistered.Any(c => c.Uri == p.Client));
            identities.Stage(identity);
        }

        if (accepted.Client is { } client)
        {
            clients.Add(client);
            view.Clients[client.Uri] = client;
            view.ClientsOf[client.Uri.Owner].Add(client);
        }
        else if (view.Clients.GetValueOrDefault(prepared.Envelope.Proof!.Client) is { } speaker && now - speaker.SeenAt >= Client.SeenStep)
        {
            seen[speaker.Uri] = speaker with { SeenAt = now };
            view.Clients[speaker.Uri] = seen[speaker.Uri];
        }

        foreach (var package in accepted.Published)
        {
            if (package.LastResort)
            {
                packages.RemoveAll(p => p.LastResort && p.Client == package.Client);
                view.Pools.GetValueOrDefault(package.Client)?.RemoveAll(p => p.LastResort);
            }

            packages.Add(package);
            view.KnownPackages.Add(package.Key);
            var count = CountOf(package.Client);
            view.Counts[package.Client] = package.LastResort ? count with { LastResortEnds = package.NotAfter } : count with { Left = count.Left + 1 };
            (view.Pools.TryGetValue(package.Client, out var pool) ? pool : view.Pools[package.Client] = []).Add(package);
        }

        foreach (var claim in accepted.Claimed)
        {
            claims.Add(claim);
            KeyClaimStore.AddTo(view.Claims, claim);
            view.RecentClaims[(claim.Requester, claim.Client)] = view.RecentClaims.GetValueOrDefault((claim.Requester, claim.Client)) + 1;
            if (!claim.LastResort)
            {
                view.Pools[claim.Client].RemoveAll(p => p.Key == claim.Key);
                view.Counts[claim.Client] = CountOf(claim.Client) with { Left = CountOf(claim.Client).Left - 1 };
            }
        }

        if (accepted.Room is { } room)
        {
            if (view.Rooms[room.Uri] is not { } before)
            {
                regrouped.Add(room.Uri);
                view.RoomsMade[room.Creator!] = view.RoomsMade.GetValueOrDefault(room.Creator!) + 1;
            }
            else if (!before.Members.SequenceEqual(room.Members))
            {
                regrouped.Add(room.Uri);
            }

            rooms[room.Uri] = room;
            view.Rooms[room.Uri] = room;
        }

        foreach (var consent in accepted.Consents)
        {
            Remember(consent);
        }
    }

    private void Remember(Conversation conversation)
    {
        (made.ContainsKey(conversation.Key) || view.Conversations[conversation.Key] is null ? made : advanced)[conversation.Key] = conversation;
        view.Conversations[conversation.Key] = conversation;
    }

    private PoolCount CountOf(ClientUri client) => view.Counts.GetValueOrDefault(client) ?? new PoolCount(client, 0, null);
    private void Remember(Consent consent)
    {
        consents[(consent.Requester, consent.Target, consent.Room)] = consent;
        var pair = HubCaches.PairOf(consent.Requester, consent.Target);
        var before = view.Consents[pair].Find(consent.Requester, consent.Target, consent.Room);
        var change = (consent.IsOpen ? 1 : 0) - (before is { IsOpen: true } ? 1 : 0);
        view.OpenRequests[consent.Requester] = view.OpenRequests.GetValueOrDefault(consent.Requester) + change;
        Says(consent.Requester, before is { Words.Asking: not Asking.None }, consent.Words.Asking != Asking.None);
        Says(consent.Target, before is { Words.Answer: not Answer.None }, consent.Words.Answer != Answer.None);
        view.Consents[pair] = view.Consents[pair].With(consent);
    }

    private void Says(UserUri user, bool before, bool after) => view.Said[user] = view.Said.GetValueOrDefault(user) + (after ? 1 : 0) - (before ? 1 : 0);

    private void Move(LedgerTarget target, DeliveryStatus status, string? rule, string? reason, DateTimeOffset at)
    {
        var report = Replies.Progress(target, status, rule, reason, at, Hub, now);
        var body = report is null ? null : EnvelopeCodec.Encode(report);
        moves[(target.EventNo, target.Recipient)] = new LedgerDelivery(target.EventNo, target.Recipient, status, now, rule);
        view.Targets[(target.Event, target.Recipient)] = target with { Status = status };
        if (body is not null)
        {
            Send(target.Network!, report!.Conversation, body);
        }

        var network = policy.TryNetworkOf(target.Recipient.Domain, out var destination) ? destination.Value : "unknown";
        counts.Add(m => m.Delivery(network, status, now - target.AcceptedAt));
    }

    private LedgerEvent Row(PreparedEvent prepared) => new()
    {
        No = ++numbers.Event,
        Id = prepared.Id,
        SentId = prepared.Envelope.Id,
        Kind = prepared.Envelope.Event.Kind,
        Network = prepared.Network,
        Sender = prepared.Envelope.Sender,
        Labels = prepared.Envelope.Labels,
        Bytes = prepared.Envelope.EncodedEvent.Length,
        ReceivedAt = prepared.Envelope.ReceivedAt,
        DecidedAt = ledgerTime,
    };

    // Refusals and answers have rows, so that what became of them can be told. Delivery reports have none: they would make four rows of each message, and nobody asks about a report on a report.
    private void AddMade(FederationEnvelope reply, UserUri recipient, int bytes)
    {
        var row = new LedgerEvent { No = ++numbers.Event, Id = reply.Id, Kind = reply.Event.Kind, Labels = reply.Labels, Bytes = bytes, ReceivedAt = now, DecidedAt = ledgerTime };
        events.Add(row);
        deliveries.Add(new LedgerDelivery(row.No, recipient, DeliveryStatus.Accepted, now));
    }

    private Conversation Next(ConversationKey key) =>
        view.Conversations[key] is { } known ? known with { LastSequence = known.LastSequence + 1, ChangedAt = now } : new Conversation(++numbers.Conversation, key, 1, now);

    private NetworkId NetworkOf(ProviderDomain domain) =>
        policy.TryNetworkOf(domain, out var network) ? network : throw new InvalidOperationException("A recipient passed the peering check and has no network.");

    private NetworkId? KnownOrigin(FederationEnvelope envelope) => envelope.Origin is { } origin && policy.TryDomainOf(origin, out _) ? origin : null;

    private void Send(NetworkId network, ConversationKey conversation, byte[] body) => outgoing.Add(network, new OutboxEntry(conversation, body));
}

using System.Text;
using System.Threading.Channels;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>
/// A small hub for one-process tests: verifies frames, keeps a key directory, consents, rooms with one commit an epoch, numbers what it accepts, and keeps what it
/// has for each user until the user's transport has acknowledged it.
/// </summary>
internal sealed class FakeGateway(TimeProvider clock)
{
    private static readonly PublicGroupOptions Opening = new() { Authentication = UnsafeAcceptAnyCredential.Instance };

    private readonly Lock gate = new();
    private readonly HashSet<EventId> events = [];
    private readonly HashSet<FrameId> frames = [];
    private readonly Dictionary<ClientUri, byte[]> keys = [];
    private readonly Dictionary<ClientUri, Queue<ReadOnlyMemory<byte>>> packages = [];
    private readonly HashSet<(UserUri Requester, UserUri Target)> granted = [];
    private readonly Dictionary<RoomUri, FakeRoom> rooms = [];
    private readonly Dictionary<UserUri, List<Mailbox>> mailboxes = [];
    private readonly Dictionary<UserUri, IReadOnlyList<ReadOnlyMemory<byte>>> lists = [];

    /// <summary>The hub's own domain.</summary>
    public static ProviderDomain Domain { get; } = ProviderDomain.Parse("hub.test");

    /// <summary>Refuses a request with these words when it answers something.</summary>
    public Func<EndpointFrame.Request, Refusal?> Refuse { get; set; } = static _ => null;

    /// <summary>Changes what is delivered: nothing, the same, or several.</summary>
    public Func<UserUri, Parcel, IEnumerable<Parcel>> Deliver { get; set; } = static (_, parcel) => [parcel];

    /// <summary>True: acceptance reports tell the sequence number.</summary>
    public bool TellsSequence { get; set; }

    /// <summary>Takes requests and answers nothing, as when the hub is away.</summary>
    public bool Silent { get; set; }

    /// <summary>Every frame that was submitted, repeated ones included.</summary>
    public List<(FrameId Id, byte[] Bytes)> Submitted { get; } = [];

    /// <summary>Every request that was accepted, once.</summary>
    public List<EndpointFrame.Request> AcceptedRequests { get; } = [];

    public int PackagesOf(ClientUri client)
    {
        lock (gate)
            return packages.TryGetValue(client, out var queue) ? queue.Count : 0;
    }

    public void Grant(UserUri requester, UserUri target)
    {
        lock (gate)
            granted.Add((requester, target));
    }

    /// <summary>As when an operator lets a user begin anew.</summary>
    public void ForgetKeys(UserUri user)
    {
        lock (gate)
        {
            foreach (var client in packages.Keys.Where(client => client.Owner == user).ToList())
                packages.Remove(client);
        }
    }

    /// <summary>As for users from before there were device lists.</summary>
    public void ForgetLists(UserUri user)
    {
        lock (gate)
            lists.Remove(user);
    }

    public Mailbox MailboxOf(UserUri user)
    {
        lock (gate)
            return (mailboxes.TryGetValue(user, out var known) ? known : mailboxes[user] = [new Mailbox()])[0];
    }

    /// <summary>A queue of its own for a further device of a user.</summary>
    public Mailbox AddMailbox(UserUri user)
    {
        MailboxOf(user);
        lock (gate)
        {
            mailboxes[user].Add(new Mailbox());
            return mailboxes[user][^1];
        }
    }

    /// <summary>The newest device lists that a user published.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ListsOf(UserUri user)
    {
        lock (gate)
            return lists.GetValueOrDefault(user) ?? [];
    }

    /// <summary>Puts a parcel into a user's mailbox as the network would.</summary>
    public void Inject(UserUri to, Parcel parcel)
    {
        MailboxOf(to);
        lock (gate)
        {
            foreach (var mailbox in mailboxes[to])
                mailbox.Add(parcel);
        }
    }

    public void Submit(UserUri sender, FrameId id, byte[] bytes)
    {
        lock (gate)
        {
            Submitted.Add((id, bytes));
            if (Silent || !FrameCodec.TryDecode(bytes, out var frame, out _) || frame is not EndpointFrame.Request request)
                return;

            var eventId = EventId.Derive(NetworkId.Parse("fake"), sender.Value, id.Hex);
            if (!events.Add(eventId))
                return;

            if ((Check(sender, request) ?? Decide(sender, eventId, request)) is { } refusal)
                Send(sender, null, eventId, "refusal", request.Event.ConversationFor(sender), refusal with { Event = eventId, Frame = request.Proof.FrameId });
        }
    }

    /// <summary>Tells the sender of a frame how far it came.</summary>
    public void Report(UserUri sender, EndpointFrame.Request request, DeliveryStatus status, string? rule = null, string? reason = null)
    {
        var id = EventId.Derive(NetworkId.Parse("fake"), sender.Value, request.Proof.FrameId.Hex);
        lock (gate)
            Send(sender, null, id, status.ToString(), request.Event.ConversationFor(sender), new DeliveryReport(id, request.Proof.FrameId, null, status, rule, reason, clock.GetUtcNow()));
    }

    private static Refusal No(string rule, ulong? epoch = null, TimeSpan? retry = null) => new(default, null, rule, "Refused by the test", retry, epoch);

    private Refusal? Check(UserUri sender, EndpointFrame.Request request)
    {
        var proof = request.Proof;
        var content = FrameProof.SignedContent(proof.FrameId, proof.Client, proof.CreatedAt, proof.CipherSuite, request.EncodedEvent.Span);
        if (proof.Client.Owner != sender || !CipherSuite.Get(proof.CipherSuite).VerifyWithLabel(proof.SignatureKey.Span, FrameProof.Label, content, proof.Signature.Span))
            return No("HUB-015");

        if (!frames.Add(proof.FrameId))
            return No("HUB-016");

        if (Refuse(request) is { } refused)
        {
            frames.Remove(proof.FrameId);
            return refused;
        }

        if (request.Event is KeyMaterialPublish or DeviceListUpdate or DeviceListRequest or DeviceLinkMessage)
            return null;

        return !keys.TryGetValue(proof.Client, out var key) ? No("HUB-017") : key.AsSpan().SequenceEqual(proof.SignatureKey.Span) ? null : No("HUB-018");
    }

    private Refusal? Decide(UserUri sender, EventId id, EndpointFrame.Request request)
    {
        switch (request.Event)
        {
            case KeyMaterialPublish publish:
                keys[publish.Client] = request.Proof.SignatureKey.ToArray();
                if (!packages.TryGetValue(publish.Client, out var queue))
                    packages[publish.Client] = queue = new();

                foreach (var package in publish.KeyPackages)
                    queue.Enqueue(package);

                Accept(sender, id, request, null);
                return null;
            case DeviceListUpdate update:
                if (lists.TryGetValue(sender, out var known) && Contradicts(known, update.Lists))
                    return No("HUB-104");

                lists[sender] = update.Lists;
                Accept(sender, id, request, null);
                foreach (var user in mailboxes.Keys.Where(user => user == sender || granted.Contains((user, sender)) || granted.Contains((sender, user))).ToList())
                    Fan(user, sender, id, request, null);

                return null;
            case DeviceListRequest asked:
                Accept(sender, id, request, null);
                Send(sender, null, id, "response", request.Event.ConversationFor(sender), new DeviceListResponse(request.Proof.FrameId, asked.Target, lists.GetValueOrDefault(asked.Target) ?? []));
                return null;
            case DeviceLinkMessage:
                Accept(sender, id, request, null);
                Fan(sender, sender, id, request, null);
                return null;
            case ConsentEntry entry:
                var other = entry.Requester == sender ? entry.Target : entry.Requester;
                if (entry.Operation == ConsentOperation.Grant)
                    granted.Add((entry.Requester, entry.Target));
                else if (entry.Operation == ConsentOperation.Revoke)
                    granted.Remove((entry.Requester, entry.Target));

                Accept(sender, id, request, null);
                Fan(other, sender, id, request, null);
                if (mailboxes.TryGetValue(sender, out var devices) && devices.Count > 1)
                    Fan(sender, sender, id, request, null);

                return null;
            case KeyMaterialRequest asked:
                if (asked.Target != sender && !granted.Contains((sender, asked.Target)))
                    return No("HUB-033");

                Accept(sender, id, request, null);
                Send(sender, null, id, "response", request.Event.ConversationFor(sender), Claim(request.Proof, asked));
                return null;
            case RoomUpdate update:
                return Update(sender, id, request, update);
            case EncryptedMessage message:
                return Message(sender, id, request, message);
            default:
                return No("HUB-006");
        }
    }

    // Not verified here: whether one goes on from the other, or is of a later era or another identity.
    private static bool Contradicts(IReadOnlyList<ReadOnlyMemory<byte>> known, IReadOnlyList<ReadOnlyMemory<byte>> shown)
    {
        SignatureCheck any = static (_, _, _, _, _) => true;
        return DeviceChain.TryRead(known, any, DateTimeOffset.MaxValue - DeviceChain.MaxAhead, null, out var one, out _)
            && DeviceChain.TryRead(shown, any, DateTimeOffset.MaxValue - DeviceChain.MaxAhead, null, out var other, out _)
            && one.Compare(other) is ChainStep.Fork or ChainStep.Older;
    }

    private KeyMaterialResponse Claim(FrameProof proof, KeyMaterialRequest asked)
    {
        var frame = proof.FrameId;
        var entries = packages.Where(p => p.Key.Owner == asked.Target && p.Key != proof.Client)
            .Select(p => p.Value.TryDequeue(out var package) ? new ClientKeyMaterial(p.Key, ClientKeyMaterialStatus.Success, package) : new ClientKeyMaterial(p.Key, ClientKeyMaterialStatus.Exhausted, default))
            .ToList();
        return entries.Any(e => e.Status == ClientKeyMaterialStatus.Success)
            ? new KeyMaterialResponse(frame, asked.Target, asked.Room, KeyMaterialStatus.Success, entries) { DeviceLists = lists.GetValueOrDefault(asked.Target) ?? [] }
            : new KeyMaterialResponse(frame, asked.Target, asked.Room, KeyMaterialStatus.NoCompatibleMaterial, []);
    }

    private Refusal? Update(UserUri sender, EventId id, EndpointFrame.Request request, RoomUpdate update)
    {
        if (!PublicHandshake.TryRead(update.Commit, out var handshake, out _) || !handshake.GroupId.Span.SequenceEqual(Encoding.UTF8.GetBytes(update.Room.Value)))
            return No("HUB-053");

        var info = PublicGroup.Open(Opening, update.GroupInfo);
        if (!info.IsOk || info.Value.Epoch != handshake.Epoch + 1)
            return No("HUB-056");

        if (!rooms.TryGetValue(update.Room, out var room))
        {
            if (handshake.Epoch != 0)
                return No("HUB-051");

            rooms[update.Room] = room = new FakeRoom();
        }
        else if (handshake.Epoch != room.Epoch)
        {
            return No("HUB-055", room.Epoch);
        }

        room.Epoch = handshake.Epoch + 1;
        room.Users = [.. info.Value.Members.Select(m => ClientUri.Parse(Encoding.UTF8.GetString(m.Credential.Identity.Span)).Owner).Distinct()];
        Number(sender, id, request, room);
        return null;
    }

    private Refusal? Message(UserUri sender, EventId id, EndpointFrame.Request request, EncryptedMessage message)
    {
        if (message.Room is not { } uri || !rooms.TryGetValue(uri, out var room) || !room.Users.Contains(sender))
            return No("HUB-051");

        if (!PrivateMessageHeader.TryRead(message.Message, out var header, out _))
            return No("HUB-070");

        if (header.Epoch > room.Epoch || room.Epoch - header.Epoch > 1)
            return No("HUB-072", room.Epoch);

        var other = room.Users.Single(user => user != sender);
        if (!granted.Contains((sender, other)) && !granted.Contains((other, sender)))
            return No("HUB-033");

        Number(sender, id, request, room);
        return null;
    }

    private void Number(UserUri sender, EventId id, EndpointFrame.Request request, FakeRoom room)
    {
        var sequence = ++room.LastSequence;
        Accept(sender, id, request, sequence);
        foreach (var user in room.Users.Where(user => user != sender || (mailboxes.TryGetValue(user, out var own) && own.Count > 1)))
            Fan(user, sender, id, request, sequence);
    }

    private void Accept(UserUri sender, EventId id, EndpointFrame.Request request, ulong? sequence)
    {
        AcceptedRequests.Add(request);
        var report = new DeliveryReport(id, request.Proof.FrameId, null, DeliveryStatus.Accepted, null, null, clock.GetUtcNow());
        Send(sender, null, id, "accepted", request.Event.ConversationFor(sender), report, TellsSequence ? sequence : null);
    }

    private void Fan(UserUri to, UserUri sender, EventId id, EndpointFrame.Request request, ulong? sequence)
    {
        var envelope = FederationEnvelope.Create(id, NetworkId.Parse("fake"), sender, request.Event.ConversationFor(sender), new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), clock.GetUtcNow(), request.Event, request.EncodedEvent) with
        {
            Proof = request.Proof,
            Recipients = [to],
            Sequence = sequence,
            AcceptedAt = clock.GetUtcNow(),
            HubDomain = Domain,
        };
        Post(to, new Parcel(to == sender ? new TransportAddress.Service() : new TransportAddress.Ghost(sender), envelope));
    }

    private void Send(UserUri to, UserUri? sender, EventId cause, string purpose, ConversationKey conversation, FederationEvent made, ulong? sequence = null)
    {
        var envelope = FederationEnvelope.Create(EventId.Derive(cause, purpose), null, sender, conversation, default, clock.GetUtcNow(), made) with { Recipients = [to], HubDomain = Domain, AcceptedAt = clock.GetUtcNow(), Sequence = sequence };
        Post(to, new Parcel(new TransportAddress.Service(), envelope));
    }

    private void Post(UserUri to, Parcel parcel)
    {
        foreach (var changed in Deliver(to, parcel))
            Inject(to, changed);
    }

    private sealed class FakeRoom
    {
        public ulong Epoch { get; set; }

        public ulong LastSequence { get; set; }

        public List<UserUri> Users { get; set; } = [];
    }
}

/// <summary>What is on its way to a user.</summary>
internal sealed record Parcel(TransportAddress From, FederationEnvelope Envelope)
{
    public ReadOnlyMemory<byte>? RawFrame { get; init; }

    public InboundItem ToItem() => new InboundItem.Frame(From, RawFrame ?? FrameCodec.Encode(new EndpointFrame.Delivery(Envelope)));
}

/// <summary>A user's queue; what was taken and not acknowledged comes again.</summary>
internal sealed class Mailbox
{
    private readonly Lock gate = new();
    private readonly List<Parcel> waiting = [];
    private Channel<bool> signal = Channel.CreateUnbounded<bool>();

    public int Count
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    public void Add(Parcel parcel)
    {
        lock (gate)
            waiting.Add(parcel);

        signal.Writer.TryWrite(true);
    }

    /// <summary>Hands parcels over in order, each removed only once it was taken.</summary>
    public async Task RunAsync(Func<Parcel, Task> take, CancellationToken cancellation)
    {
        signal = Channel.CreateUnbounded<bool>();
        while (true)
        {
            while (Peek() is { } parcel)
            {
                await take(parcel);
                lock (gate)
                    waiting.Remove(parcel);
            }

            await signal.Reader.ReadAsync(cancellation);
        }
    }

    private Parcel? Peek()
    {
        lock (gate)
            return waiting.FirstOrDefault();
    }
}

using System.Text;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>
/// A hub that serves honestly what endpoints ask for, checks nothing, remembers everything that passes, and leaves it to the adversary whether, when and to whom anything
/// is handed over. What it forges itself is made by the <see cref="Intruder"/>.
/// </summary>
internal sealed class HostileGateway(TimeProvider clock)
{
    private readonly Dictionary<UserUri, List<Device>> devices = [];
    private readonly HashSet<FrameId> frames = [];

    /// <summary>The hub's own domain.</summary>
    public static ProviderDomain Domain { get; } = ProviderDomain.Parse("hub.test");

    /// <summary>Every request that honest devices sent.</summary>
    public List<(UserUri Sender, EndpointFrame.Request Request)> Seen { get; } = [];

    /// <summary>Everything that was ever on its way to somebody.</summary>
    public List<(UserUri To, Parcel Parcel)> Past { get; } = [];

    /// <summary>Key packages by client, oldest first.</summary>
    public Dictionary<ClientUri, Queue<ReadOnlyMemory<byte>>> Packages { get; } = [];

    /// <summary>The newest device lists that each user published.</summary>
    public Dictionary<UserUri, IReadOnlyList<ReadOnlyMemory<byte>>> Lists { get; } = [];

    /// <summary>Every chain of device lists that each user ever published, oldest first.</summary>
    public Dictionary<UserUri, List<IReadOnlyList<ReadOnlyMemory<byte>>>> OldLists { get; } = [];

    public Dictionary<RoomUri, HostileRoom> Rooms { get; } = [];

    public IReadOnlyDictionary<UserUri, List<Device>> Devices => devices;

    public void Attach(Device device) => (devices.TryGetValue(device.User, out var known) ? known : devices[device.User] = []).Add(device);

    /// <summary>Takes a frame of an honest device and answers as an honest hub would; the answers wait in the devices' queues.</summary>
    public void Take(UserUri sender, byte[] bytes)
    {
        if (!FrameCodec.TryDecode(bytes, out var frame, out var error) || frame is not EndpointFrame.Request request)
            throw new InvalidOperationException($"An honest endpoint sent what is no request: {error}");

        if (!frames.Add(request.Proof.FrameId))
            return;

        Seen.Add((sender, request));
        var id = EventId.Derive(NetworkId.Parse("fake"), sender.Value, request.Proof.FrameId.Hex);
        switch (request.Event)
        {
            case KeyMaterialPublish publish:
                var queue = Packages.TryGetValue(publish.Client, out var known) ? known : Packages[publish.Client] = new();
                foreach (var package in publish.KeyPackages)
                    queue.Enqueue(package);

                Accept(sender, id, request, null);
                break;
            case DeviceListUpdate update:
                Lists[sender] = update.Lists;
                (OldLists.TryGetValue(sender, out var old) ? old : OldLists[sender] = []).Add(update.Lists);
                Accept(sender, id, request, null);
                foreach (var user in devices.Keys)
                    Pass(user, sender, id, request, null);

                break;
            case DeviceListRequest asked:
                Accept(sender, id, request, null);
                Answer(sender, id, request, new DeviceListResponse(request.Proof.FrameId, asked.Target, Lists.GetValueOrDefault(asked.Target) ?? []));
                break;
            case DeviceLinkMessage:
                Accept(sender, id, request, null);
                Pass(sender, sender, id, request, null);
                break;
            case ConsentEntry entry:
                Accept(sender, id, request, null);
                Pass(entry.Requester == sender ? entry.Target : entry.Requester, sender, id, request, null);
                break;
            case KeyMaterialRequest asked:
                Accept(sender, id, request, null);
                Answer(sender, id, request, Claim(request, asked));
                break;
            case RoomUpdate update:
                Update(sender, id, request, update);
                break;
            case EncryptedMessage { Room: { } uri }:
                if (Rooms.TryGetValue(uri, out var room))
                    Number(sender, id, request, room);

                break;
            default:
                break;
        }
    }

    /// <summary>Puts something on its way to all devices of a user.</summary>
    public void Post(UserUri to, Parcel parcel)
    {
        Past.Add((to, parcel));
        foreach (var device in devices.GetValueOrDefault(to) ?? [])
            device.Pending.Add(parcel);
    }

    private KeyMaterialResponse Claim(EndpointFrame.Request request, KeyMaterialRequest asked)
    {
        var entries = Packages.Where(p => p.Key.Owner == asked.Target && p.Key != request.Proof.Client)
            .Select(p => p.Value.TryDequeue(out var package) ? new ClientKeyMaterial(p.Key, ClientKeyMaterialStatus.Success, package) : new ClientKeyMaterial(p.Key, ClientKeyMaterialStatus.Exhausted, default))
            .ToList();
        var status = entries.Any(e => e.Status == ClientKeyMaterialStatus.Success) ? KeyMaterialStatus.Success : KeyMaterialStatus.NoCompatibleMaterial;
        return new KeyMaterialResponse(request.Proof.FrameId, asked.Target, asked.Room, status, status == KeyMaterialStatus.Success ? entries : [])
        {
            DeviceLists = Lists.GetValueOrDefault(asked.Target) ?? [],
        };
    }

    private void Update(UserUri sender, EventId id, EndpointFrame.Request request, RoomUpdate update)
    {
        if (!PublicHandshake.TryRead(update.Commit, out var handshake, out _))
            throw new InvalidOperationException("An honest endpoint sent what is no commit.");

        var room = Rooms.TryGetValue(update.Room, out var known) ? known : Rooms[update.Room] = new HostileRoom(update.Room);
        if (known is not null && handshake.Epoch != room.Epoch)
        {
            var refusal = new Refusal(id, request.Proof.FrameId, "HUB-055", "The commit is for the group's current epoch; another came first.", null, room.Epoch);
            Make(sender, id, "refusal", request.Event.ConversationFor(sender), refusal, null);
            return;
        }

        room.Epoch = handshake.Epoch + 1;
        room.GroupInfo = update.GroupInfo;
        room.Learn(update.GroupInfo);
        Number(sender, id, request, room);
    }

    private void Number(UserUri sender, EventId id, EndpointFrame.Request request, HostileRoom room)
    {
        var sequence = ++room.LastSequence;
        Accept(sender, id, request, sequence);
        foreach (var user in room.Users.Where(user => user != sender || (devices.GetValueOrDefault(user)?.Count ?? 0) > 1))
            Pass(user, sender, id, request, sequence);
    }

    private void Accept(UserUri sender, EventId id, EndpointFrame.Request request, ulong? sequence) => Make(
        sender, id, "accepted", request.Event.ConversationFor(sender), new DeliveryReport(id, request.Proof.FrameId, null, DeliveryStatus.Accepted, null, null, clock.GetUtcNow()), sequence);

    private void Answer(UserUri sender, EventId id, EndpointFrame.Request request, FederationEvent made) => Make(sender, id, "response", request.Event.ConversationFor(sender), made, null);

    private void Make(UserUri to, EventId cause, string purpose, ConversationKey conversation, FederationEvent made, ulong? sequence)
    {
        var envelope = FederationEnvelope.Create(EventId.Derive(cause, purpose), null, null, conversation, default, clock.GetUtcNow(), made)
            with { Recipients = [to], HubDomain = Domain, AcceptedAt = clock.GetUtcNow(), Sequence = sequence };
        Post(to, new Parcel(new TransportAddress.Service(), envelope));
    }

    private void Pass(UserUri to, UserUri sender, EventId id, EndpointFrame.Request request, ulong? sequence)
    {
        var labels = new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10);
        var envelope = FederationEnvelope.Create(id, NetworkId.Parse("fake"), sender, request.Event.ConversationFor(sender), labels, clock.GetUtcNow(), request.Event, request.EncodedEvent) with
        {
            Proof = request.Proof,
            Recipients = [to],
            Sequence = sequence,
            AcceptedAt = clock.GetUtcNow(),
            HubDomain = Domain,
        };
        Post(to, new Parcel(to == sender ? new TransportAddress.Service() : new TransportAddress.Ghost(sender), envelope));
    }
}

/// <summary>What the gateway knows of a room: everything that is public.</summary>
internal sealed class HostileRoom(RoomUri uri)
{
    public RoomUri Uri => uri;

    public ulong Epoch { get; set; }

    public ulong LastSequence { get; set; }

    public ReadOnlyMemory<byte> GroupInfo { get; set; }

    public List<UserUri> Users { get; } = [];

    /// <summary>Reads who the GroupInfo names; whoever was ever named keeps getting what is sent.</summary>
    public void Learn(ReadOnlyMemory<byte> groupInfo)
    {
        if (!GroupInfoHeader.TryRead(groupInfo, out var info, out _) || !info.ReadMembers().TryGet(out var members, out _))
            return;

        foreach (var member in members)
        {
            if (ClientUri.TryParse(Encoding.UTF8.GetString(member.Credential.Identity.Span), out var client) && !Users.Contains(client.Owner))
                Users.Add(client.Owner);
        }
    }
}

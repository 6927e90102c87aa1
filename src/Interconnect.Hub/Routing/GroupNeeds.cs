using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>Which rows deciding on a group of events will ask for. Pure.</summary>
internal sealed class GroupNeeds
{
    private readonly List<(UserUri Sender, RoomUri Room, IReadOnlyList<ClientUri> Members)> inRooms = [];

    public GroupNeeds(IReadOnlyList<PreparedEvent> events)
    {
        foreach (var prepared in events)
        {
            if (!prepared.IsOfItsOrigin)
            {
                Events.Add(prepared);
            }
            else if (prepared.Stream == HubStream.Report)
            {
                AddReport(prepared.Envelope);
            }
            else
            {
                AddSubmitted(prepared);
            }
        }
    }

    /// <summary>What was submitted, to be looked up by its ids.</summary>
    public List<PreparedEvent> Events { get; } = [];

    public List<byte[]> Frames { get; } = [];

    public List<(EventId, UserUri)> Targets { get; } = [];

    public HashSet<ClientUri> Clients { get; } = [];

    public HashSet<RoomUri> Rooms { get; } = [];

    public HashSet<UserUri> Identities { get; } = [];

    public HashSet<UserUri> Chains { get; } = [];

    public HashSet<UserUri> ContactsOf { get; } = [];

    public HashSet<ConversationKey> Conversations { get; } = [];

    public HashSet<(UserUri, UserUri)> Pairs { get; } = [];

    /// <summary>Pairs between which the group itself says something on consent.</summary>
    public HashSet<(string, string)> Spoken { get; } = [];

    /// <summary>Who says something on consent.</summary>
    public HashSet<UserUri> Speakers { get; } = [];

    /// <summary>Whose clients matter to their own publications.</summary>
    public HashSet<UserUri> Owners { get; } = [];

    /// <summary>Who asks for whose packages, in the order of the group.</summary>
    public List<(UserUri Requester, UserUri Target, RoomUri? Room)> Asked { get; } = [];

    /// <summary>Who asks for whose device lists.</summary>
    public List<(UserUri Requester, UserUri Target)> AskedLists { get; } = [];

    /// <summary>Clients that publish or ask for their own count.</summary>
    public HashSet<ClientUri> Publishers { get; } = [];

    public HashSet<UserUri> RoomMakers { get; } = [];

    public List<byte[]> Published { get; } = [];

    public List<byte[]> Welcomed { get; } = [];

    /// <summary>The pairs whose consent matters to what is sent to rooms, once the rooms are known.</summary>
    public IEnumerable<(UserUri, UserUri)> PairsOf(IReadOnlyDictionary<RoomUri, Room?> rooms)
    {
        // A room that this group makes or changes has members whom only the group's own events name.
        var named = inRooms.GroupBy(r => r.Room).ToDictionary(g => g.Key, g => g.SelectMany(r => r.Members).Select(m => m.Owner).ToHashSet());
        foreach (var (sender, room, _) in inRooms)
        {
            foreach (var other in named[room].Concat(rooms[room]?.Participants ?? []))
            {
                if (other != sender)
                {
                    yield return (sender, other);
                }
            }
        }
    }

    private void AddReport(FederationEnvelope envelope)
    {
        if (ReportDecision.IsReport(envelope, out var report))
        {
            Targets.Add((report.Event, report.Recipient!));
        }
    }

    private void AddSubmitted(PreparedEvent prepared)
    {
        var envelope = prepared.Envelope;
        Events.Add(prepared);
        if (envelope.Sender is not { } sender || envelope.Proof is not { } proof || prepared.Unaffordable is not null || prepared.FrameKey is not { } frame)
        {
            return;
        }

        Frames.Add(frame);
        Clients.Add(proof.Client);
        Identities.Add(sender);
        switch (envelope.Event)
        {
            case EncryptedMessage { Room: { } room }:
                Rooms.Add(room);
                Conversations.Add(envelope.Conversation);
                inRooms.Add((sender, room, []));
                break;
            case RoomUpdate update:
                Rooms.Add(update.Room);
                Conversations.Add(envelope.Conversation);
                if (prepared.Handshake?.Commit is { Epoch: 0 })
                {
                    RoomMakers.Add(sender);
                }

                Clients.UnionWith(prepared.Handshake?.Named ?? []);
                Identities.UnionWith((prepared.Handshake?.Named ?? []).Select(c => c.Owner));
                Welcomed.AddRange((prepared.Handshake?.Welcome?.KeyPackageRefs ?? []).Select(r => r.ToArray()));
                inRooms.Add((sender, update.Room, prepared.Handshake?.Named ?? []));
                break;
            case ConsentEntry entry:
                Pairs.Add((entry.Requester, entry.Target));
                Speakers.Add(sender);
                Spoken.Add(HubCaches.PairOf(entry.Requester, entry.Target));
                break;
            case KeyMaterialRequest request:
                Pairs.Add((sender, request.Target));
                Asked.Add((sender, request.Target, request.Room));
                break;
            case KeyMaterialCountRequest request:
                Publishers.Add(request.Client);
                break;
            case KeyMaterialPublish publish:
                Owners.Add(publish.Client.Owner);
                Clients.Add(publish.Client);
                Publishers.Add(publish.Client);
                foreach (var package in prepared.Packages)
                {
                    if (package.TryGet(out var accepted, out _))
                    {
                        Published.Add(accepted.Reference.ToArray());
                    }
                }

                break;
            case DeviceListUpdate when prepared.Lists is { Chain: not null }:
                Conversations.Add(envelope.Conversation);
                Owners.Add(sender);
                Chains.Add(sender);
                ContactsOf.Add(sender);
                break;
            case DeviceListRequest request:
                Pairs.Add((sender, request.Target));
                AskedLists.Add((sender, request.Target));
                break;
            case DeviceLinkMessage:
                Conversations.Add(envelope.Conversation);
                break;
            case IdentityObjection when prepared.ObjectionValid:
                Conversations.Add(envelope.Conversation);
                ContactsOf.Add(sender);
                break;
            default:
                break;
        }
    }
}

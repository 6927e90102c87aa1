using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>Which rows deciding on a group of events will ask for. Pure.</summary>
internal sealed class GroupNeeds
{
    private readonly List<(UserUri Sender, RoomUri Room, IReadOnlyList<ClientUri> Members)> inRooms = [];

    public GroupNeeds(IReadOnlyList<PreparedEvent> events, HubPolicy policy)
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
                AddSubmitted(prepared, policy);
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

    public HashSet<UserUri> ConsentRequesters { get; } = [];

    public HashSet<UserUri> Owners { get; } = [];

    /// <summary>Whose packages are asked for, and how many requests of the group ask.</summary>
    public Dictionary<UserUri, int> Asked { get; } = [];

    public HashSet<ClientUri> Publishers { get; } = [];

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

    private void AddSubmitted(PreparedEvent prepared, HubPolicy policy)
    {
        var envelope = prepared.Envelope;
        Events.Add(prepared);
        if (envelope.Sender is not { } sender || envelope.Proof is not { } proof || prepared.FrameKey is not { } frame)
        {
            return;
        }

        Frames.Add(frame);
        Clients.Add(proof.Client);
        Identities.Add(sender);
        Conversations.Add(envelope.Conversation);
        switch (envelope.Event)
        {
            case EncryptedMessage { Room: { } room }:
                Rooms.Add(room);
                inRooms.Add((sender, room, []));
                break;
            case RoomUpdate update:
                Rooms.Add(update.Room);
                Clients.UnionWith(prepared.Handshake?.Named ?? []);
                Identities.UnionWith((prepared.Handshake?.Named ?? []).Select(c => c.Owner));
                Welcomed.AddRange((prepared.Handshake?.Welcome?.KeyPackageRefs ?? []).Select(r => r.ToArray()));
                inRooms.Add((sender, update.Room, prepared.Handshake?.Named ?? []));
                break;
            case ConsentEntry entry:
                Pairs.Add((entry.Requester, entry.Target));
                ConsentRequesters.Add(sender);
                break;
            case KeyMaterialRequest request:
                Pairs.Add((sender, request.Target));
                Owners.Add(request.Target);
                Identities.Add(request.Target);
                Chains.Add(request.Target);
                Asked[request.Target] = Math.Min(Asked.GetValueOrDefault(request.Target) + 1, policy.Limits.MaxKeyPackagesPerClient);
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
                Owners.Add(sender);
                Chains.Add(sender);
                ContactsOf.Add(sender);
                break;
            case DeviceListRequest request:
                Chains.Add(request.Target);
                if (request.Target != sender)
                {
                    Pairs.Add((sender, request.Target));
                }

                break;
            case IdentityObjection when prepared.ObjectionValid:
                ContactsOf.Add(sender);
                break;
            default:
                break;
        }
    }
}

using System.Text;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>What the gateway tries, chosen at random. Each attack puts something on its way; whether it arrives, and before or after what, is the world's to choose.</summary>
internal sealed class Attacks(Random random, TimeProvider clock, HostileGateway gateway, Intruder intruder)
{
    /// <summary>Tries something against one of the users, and says what.</summary>
    public string Next(IReadOnlyList<UserUri> users)
    {
        var victim = users[random.Next(users.Count)];
        var author = users[random.Next(users.Count)];
        return random.Next(12) switch
        {
            0 or 1 => JoinRoom(users, author),
            2 => MakeRoom(users, author, victim),
            3 => Say(author, victim),
            4 => SwapKeyMaterial(victim),
            5 or 6 => ForgeConsent(author, victim, users),
            7 or 8 => Replay(users),
            9 => ShowLists(author, victim),
            10 => AnswerFor(victim),
            _ => CommitAgain(author),
        };
    }

    private ClientUri NameOf(UserUri user)
    {
        var name = new[] { "phone", "phone", "tablet", "evil" }[random.Next(4)];
        return ClientUri.TryCreate(user, name, out var client) ? client : throw new InvalidOperationException();
    }

    /// <summary>None, the true ones, the true ones of before, ones of another identity, or true ones with a list on top that nobody authorised.</summary>
    private IReadOnlyList<ReadOnlyMemory<byte>> ListsFor(UserUri user, ClientUri name)
    {
        var real = gateway.Lists.GetValueOrDefault(user);
        return random.Next(5) switch
        {
            0 when real is not null => real,
            1 when gateway.OldLists.TryGetValue(user, out var old) => old[random.Next(old.Count)],
            2 => intruder.ForgeLists(user, name),
            3 when real is not null => intruder.ForgeNext(real, NameOf(user), name),
            _ => [],
        };
    }

    private string JoinRoom(IReadOnlyList<UserUri> users, UserUri author)
    {
        if (Room() is not { } room)
            return "no room to break into";

        var name = NameOf(random.Next(6) == 0 ? UserUri.Parse("mimi://b.test/u/mallory") : author);
        var others = users.Where(u => u != author).SelectMany(u => ListsFor(u, NameOf(u)));
        if (intruder.JoinExternally(room, name, random.Next(3) == 0 ? (uint)random.Next(3) : null, [.. ListsFor(name.Owner, name), .. others]) is not { } update)
            return "an external commit could not be made";

        PostInRoom(room, update, name);
        return $"external commit as {name.Owner.User}/{name.Device}";
    }

    private string MakeRoom(IReadOnlyList<UserUri> users, UserUri author, UserUri victim)
    {
        var packages = gateway.Packages.Where(p => (p.Key.Owner == victim || random.Next(2) == 0) && p.Value.Count > 0).Select(p => p.Value.Dequeue()).ToList();
        var uri = RoomUri.Parse($"mimi://hub.test/r/{FrameId.Create().Hex}");
        var name = NameOf(author);
        if (intruder.MakeRoom(uri, name, packages, [.. ListsFor(author, name), .. users.Where(u => u != author).SelectMany(u => ListsFor(u, NameOf(u)))]) is not { } update)
            return "no package for a room";

        var room = gateway.Rooms[uri] = new HostileRoom(uri);
        PostInRoom(room, update, name);
        if (random.Next(2) == 0 && intruder.Say(intruder.Groups.Count - 1, author, "forged " + random.Next()) is { } message)
            PostInRoom(room, message, name);

        return $"a room made as {name.Owner.User}/{name.Device}";
    }

    private string Say(UserUri author, UserUri victim)
    {
        if (intruder.Groups.Count == 0)
            return "nothing to say anything in";

        var at = random.Next(intruder.Groups.Count);
        var name = NameOf(author);
        if (intruder.Say(at, author, "forged " + random.Next()) is not { Room: { } uri } message)
            return "a group without a voice";

        Forge(message, name, victim, Sequence(uri));
        return $"a text as {name.Owner.User}/{name.Device}";
    }

    private string CommitAgain(UserUri author)
    {
        if (intruder.Groups.Count == 0)
            return "no group to commit to";

        var at = random.Next(intruder.Groups.Count);
        if (!RoomUri.TryParse(Encoding.UTF8.GetString(intruder.Groups[at].GroupId.Span), out var uri) || !gateway.Rooms.TryGetValue(uri, out var room) || intruder.Commit(at, uri) is not { } update)
            return "a group that takes no commit";

        PostInRoom(room, update, NameOf(author));
        return "a further commit";
    }

    private string SwapKeyMaterial(UserUri victim)
    {
        // An answer on its way gets other packages, under the names of the true clients or another one.
        foreach (var device in gateway.Devices[victim])
        {
            var at = device.Pending.FindIndex(p => p.Envelope.Event is KeyMaterialResponse { Clients.Count: > 0 });
            if (at < 0)
                continue;

            var parcel = device.Pending[at];
            var answer = (KeyMaterialResponse)parcel.Envelope.Event;
            var name = random.Next(2) == 0 ? answer.Clients[0].Client : NameOf(answer.Target);
            var swapped = new ClientKeyMaterial(name, ClientKeyMaterialStatus.Success, intruder.MakePackage(name));
            var forged = answer with
            {
                Clients = random.Next(2) == 0 ? [swapped] : [.. answer.Clients, swapped],
                DeviceLists = random.Next(3) == 0 ? answer.DeviceLists : ListsFor(answer.Target, name),
            };
            device.Pending[at] = Again(parcel, forged, null);
            return $"a package swapped for {name.Owner.User}/{name.Device}";
        }

        return "no packages on their way";
    }

    private string ForgeConsent(UserUri author, UserUri victim, IReadOnlyList<UserUri> users)
    {
        if (author == victim)
            author = users.First(u => u != victim);

        var operation = (ConsentOperation)random.Next(4);
        var asks = operation is ConsentOperation.Request or ConsentOperation.Cancel;
        var name = NameOf(author);
        var entry = new ConsentEntry(operation, asks ? author : victim, asks ? victim : author, null) { DeviceLists = ListsFor(author, name) };
        Forge(entry, name, victim, null);
        return $"{operation} as {name.Owner.User}/{name.Device}";
    }

    /// <summary>Something that passed before, under a new event id, perhaps in another place and to somebody else.</summary>
    private string Replay(IReadOnlyList<UserUri> users)
    {
        if (gateway.Past.Count == 0)
            return "nothing to repeat";

        var consents = gateway.Past.Where(p => p.Parcel.Envelope.Event is ConsentEntry).ToList();
        var (to, parcel) = random.Next(2) == 0 && consents.Count > 0 ? consents[random.Next(consents.Count)] : gateway.Past[random.Next(gateway.Past.Count)];
        if (random.Next(6) == 0)
            to = users[random.Next(users.Count)];

        var sequence = parcel.Envelope.Event switch
        {
            EncryptedMessage { Room: { } room } => Sequence(room),
            RoomUpdate update => Sequence(update.Room),
            _ => null,
        };
        gateway.Post(to, Again(parcel, null, sequence));
        return $"{parcel.Envelope.Event.Kind} once more to {to.User}";
    }

    private string ShowLists(UserUri author, UserUri victim)
    {
        var name = NameOf(author);
        var lists = ListsFor(author, name);
        if (lists.Count == 0)
            return "no lists to show";

        if (random.Next(2) == 0)
        {
            Forge(new DeviceListUpdate(lists), name, victim, null);
        }
        else
        {
            var response = new DeviceListResponse(FrameId.Create(), author, lists);
            gateway.Post(victim, HubMade(victim, author == victim ? ConversationKey.OfUser(victim) : ConversationKey.OfPair(victim, author), response, null));
        }

        return $"lists of {author.User} shown to {victim.User}";
    }

    /// <summary>The hub's own word on something that the victim sent: accepted, further, refused.</summary>
    private string AnswerFor(UserUri victim)
    {
        var sent = gateway.Seen.Where(s => s.Sender == victim).ToList();
        if (sent.Count == 0)
            return "nothing to answer";

        var request = sent[random.Next(sent.Count)].Request;
        var id = EventId.Derive(NetworkId.Parse("fake"), victim.Value, request.Proof.FrameId.Hex);
        FederationEvent answer = random.Next(3) == 0
            ? new Refusal(id, request.Proof.FrameId, random.Next(2) == 0 ? "HUB-055" : "HUB-033", "Refused", random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(1, 600)) : null, random.Next(2) == 0 ? (ulong)random.Next(4) : null)
            : new DeliveryReport(id, request.Proof.FrameId, null, (DeliveryStatus)random.Next(1, 4), null, null, clock.GetUtcNow());
        gateway.Post(victim, HubMade(victim, request.Event.ConversationFor(victim), answer, random.Next(2) == 0 ? (ulong)random.Next(1, 20) : null));
        return $"{answer.Kind} for a {request.Event.Kind} of {victim.User}";
    }

    private void PostInRoom(HostileRoom room, FederationEvent forged, ClientUri name)
    {
        room.Users.AddRange(gateway.Devices.Keys.Where(u => !room.Users.Contains(u)));
        if (forged is RoomUpdate update && random.Next(3) > 0)
        {
            room.Epoch++;
            room.GroupInfo = update.GroupInfo;
        }

        var sequence = Sequence(room.Uri);
        var only = random.Next(3) == 0 ? room.Users[random.Next(room.Users.Count)] : null;
        foreach (var user in room.Users.Where(u => gateway.Devices.ContainsKey(u) && (only is null || u == only)))
            Forge(forged, name, user, sequence);
    }

    private void Forge(FederationEvent forged, ClientUri name, UserUri to, ulong? sequence)
    {
        var sender = random.Next(10) == 0 ? to : name.Owner;
        var encoded = EventCodec.Encode(forged);
        var now = clock.GetUtcNow();
        var envelope = FederationEnvelope.Create(NewId(), NetworkId.Parse("fake"), sender, forged.ConversationFor(sender), new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), now, forged, encoded) with
        {
            Proof = intruder.Prove(name, encoded),
            Recipients = [to],
            Sequence = sequence,
            AcceptedAt = now,
            HubDomain = HostileGateway.Domain,
        };
        gateway.Post(to, new Parcel(random.Next(5) == 0 || (sender == to && random.Next(2) == 0) ? new TransportAddress.Service() : new TransportAddress.Ghost(sender), envelope));
    }

    private Parcel HubMade(UserUri to, ConversationKey conversation, FederationEvent made, ulong? sequence)
    {
        var now = clock.GetUtcNow();
        var envelope = FederationEnvelope.Create(NewId(), null, null, conversation, default, now, made) with { Recipients = [to], HubDomain = HostileGateway.Domain, AcceptedAt = now, Sequence = sequence };
        return new Parcel(new TransportAddress.Service(), envelope);
    }

    private static Parcel Again(Parcel parcel, FederationEvent? other, ulong? sequence)
    {
        var old = parcel.Envelope;
        var @event = other ?? old.Event;
        return parcel with
        {
            Envelope = FederationEnvelope.Create(NewId(), old.Origin, old.Sender, old.Conversation, old.Labels, old.ReceivedAt, @event, other is null ? old.EncodedEvent : null) with
            {
                Proof = old.Proof,
                Recipients = old.Recipients,
                Sequence = sequence,
                AcceptedAt = old.AcceptedAt,
                HubDomain = old.HubDomain,
            },
        };
    }

    private HostileRoom? Room() => gateway.Rooms.Count == 0 ? null : gateway.Rooms.Values.ElementAt(random.Next(gateway.Rooms.Count));

    private ulong? Sequence(RoomUri uri) => random.Next(4) == 0 ? null : gateway.Rooms.TryGetValue(uri, out var room) ? ++room.LastSequence : 1;

    private static EventId NewId() => EventId.Derive(NetworkId.Parse("fake"), FrameId.Create().Hex);
}

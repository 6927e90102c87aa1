using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// Rooms of two: ask for key material, create the group, let the hub accept the commit, adopt it; join by Welcome; follow others' commits. A commit of ours is
/// staged beside the group and becomes the group only when the hub has accepted it. Longer than most files, so that these steps stand together.
/// </summary>
internal sealed class RoomFlow(EndpointSession session, OutgoingFrames frames)
{
    private static readonly TimeSpan KeyRequestTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestKeyRequestTimeout = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryStep = TimeSpan.FromSeconds(2);

    /// <summary>The newest room with that user whose keys are the ones they are known by; null when there is none.</summary>
    public RoomRecord? Usable(Work work, UserUri peer)
    {
        var contact = ContactBook.Get(work, peer);
        return Tables.Rooms.All(work.Store)
            .Where(room => room.Active && room.Peer == peer.Value)
            .OrderByDescending(room => room.JoinedAt).ThenBy(room => room.Room, StringComparer.Ordinal)
            .FirstOrDefault(room => session.Import(room.Group) is { IsActive: true } group && ContactBook.Knows(contact, group));
    }

    /// <summary>
    /// Step 1: asks the hub for the peer's key packages, unless a room is on its way already or not yet due. For as long as messages wait that are young enough,
    /// however often the hub says to wait.
    /// </summary>
    public void Begin(Work work, UserUri peer)
    {
        if (Tables.Rooms.All(work.Store).Any(room => room is { Active: false, Pending: { GivenUp: false } } && room.Peer == peer.Value))
            return;

        if (!ExpireOld(work, peer) || session.Hub is not { } hub)
            return;

        var setup = Tables.Setups.Get(work.Store, peer.Value);
        if (setup is not null && setup.NotBefore > work.NowMs)
            return;

        if (setup?.Attempts >= session.Options.MaxAttempts)
        {
            GiveUp(work, peer, "END-104", "The room could not be made after several attempts");
            return;
        }

        // A request without a response must not hold up the new one; a response that still comes to it is as good.
        var unanswered = 0;
        if (setup?.RequestFrame is { } old)
        {
            Forget(work, old);
            unanswered = setup.Unanswered + 1;
        }

        var room = setup is null ? NewRoom(hub) : RoomUri.Parse(setup.Room);
        var frame = frames.Enqueue(work, new KeyMaterialRequest(peer, room, [session.Suite.Id]), peer, FramePurpose.KeyRequest, room);
        var patience = TimeSpan.FromTicks(Math.Min(LongestKeyRequestTimeout.Ticks, KeyRequestTimeout.Ticks << Math.Min(unanswered, 10)));
        Tables.Setups.Put(work.Store, new SetupRecord(peer.Value, room.Value, frame, setup?.Attempts ?? 0, (work.Now + patience).ToUnixTimeMilliseconds(), unanswered));
    }

    /// <summary>
    /// Step 2: the key packages are here: create the group, stage the Add, hand commit, Welcome and GroupInfo to the hub. Group, staged state and frame are saved
    /// together; a crash before leaves the key request unanswered, and it is asked again.
    /// </summary>
    public void OnKeyMaterial(Work work, KeyMaterialResponse response)
    {
        var setup = Tables.Setups.Get(work.Store, response.Target.Value);
        Forget(work, response.RequestFrame.Hex);
        if (setup is null || setup.Room != response.Room?.Value || Tables.Rooms.Get(work.Store, setup.Room) is not null)
            return;

        if (response.Status is not (KeyMaterialStatus.Success or KeyMaterialStatus.PartialSuccess))
        {
            GiveUp(work, response.Target, "END-103", Describe(response.Status));
            return;
        }

        var packages = new List<VerifiedKeyPackage>();
        foreach (var entry in response.Clients.Where(client => client.Status == ClientKeyMaterialStatus.Success))
        {
            if (!TryVerify(work, response.Target, entry, out var package))
                return;

            packages.Add(package!);
        }

        if (packages.Count == 0)
        {
            GiveUp(work, response.Target, "END-103", Describe(KeyMaterialStatus.NoCompatibleMaterial));
            return;
        }

        var seen = packages.Zip(response.Clients.Where(client => client.Status == ClientKeyMaterialStatus.Success), (package, entry) => new SeenKey(entry.Client, package.Suite.Id, package.SignatureKey));
        if (ContactBook.Observe(work, response.Target, seen.ToList()).Blocked)
        {
            // Nothing is made with keys that the user has to look at first; confirming starts over.
            Tables.Setups.Delete(work.Store, setup);
            return;
        }

        Create(work, RoomUri.Parse(setup.Room), response.Target, packages);
    }

    /// <summary>Step 3: the hub accepted a commit of ours: what was staged is the group now.</summary>
    public bool OnAccepted(Work work, RoomUri uri, string frame)
    {
        if (Tables.Rooms.Get(work.Store, uri.Value) is not { Pending: { } pending } room || pending.Frame != frame)
            return false;

        Tables.Rooms.Put(work.Store, room with { Active = true, Group = pending.Group, Pending = null });
        if (!room.Active)
        {
            var peer = UserUri.Parse(room.Peer);
            if (Tables.Setups.Get(work.Store, room.Peer) is { } setup)
                Tables.Setups.Delete(work.Store, setup);

            work.Raise(new EndpointEvent.RoomReady(work.Now, peer, true));
        }

        return true;
    }

    /// <summary>Step 3, otherwise: the staged state is dropped. A room that was to be made is tried again where that can help, with fresh key packages.</summary>
    public void OnRefused(Work work, RoomUri uri, string frame, HubRefusal refusal, ulong? currentEpoch)
    {
        if (Tables.Rooms.Get(work.Store, uri.Value) is not { Pending: { } pending } room || pending.Frame != frame)
            return;

        if (room.Active)
        {
            Tables.Rooms.Put(work.Store, room with { Pending = null, RefreshDue = currentEpoch is not null });
            return;
        }

        Tables.Rooms.Delete(work.Store, room);
        var peer = UserUri.Parse(room.Peer);
        if (refusal.RetryAfter is null && currentEpoch is null)
        {
            GiveUp(work, peer, refusal.RuleId, refusal.Reason);
            return;
        }

        var attempts = (Tables.Setups.Get(work.Store, room.Peer)?.Attempts ?? 0) + (refusal.RetryAfter is null ? 1 : 0);
        Later(work, new SetupRecord(room.Peer, room.Room, null, attempts, 0), refusal, refusal.RetryAfter ?? (RetryStep * attempts));
    }

    /// <summary>
    /// Nobody knows whether the hub took the commit: the staged state is kept for a late answer, or for an update that builds on it. Meanwhile the group stays as
    /// it is, and another room may be made.
    /// </summary>
    public static void OnGivenUp(Work work, RoomUri uri, string frame, string rule, string reason)
    {
        if (Tables.Rooms.Get(work.Store, uri.Value) is not { Pending: { } pending } room || pending.Frame != frame)
            return;

        Tables.Rooms.Put(work.Store, room with { Pending = pending with { GivenUp = true } });
        if (!room.Active)
            GiveUp(work, UserUri.Parse(room.Peer), rule, reason);
    }

    /// <summary>The hub would not give the peer's key packages.</summary>
    public void OnKeyRequestRefused(Work work, UserUri peer, string frame, HubRefusal refusal)
    {
        if (Tables.Setups.Get(work.Store, peer.Value) is not { } setup || setup.RequestFrame != frame)
            return;

        if (refusal.RetryAfter is { } wait)
            Later(work, setup with { RequestFrame = null, Unanswered = 0 }, refusal, wait);
        else
            GiveUp(work, peer, refusal.RuleId, refusal.Reason);
    }

    /// <summary>Commits fresh keys of ours to a room (post-compromise security); null when a commit is under way already.</summary>
    public string? Refresh(Work work, RoomRecord room)
    {
        if (room.Pending is { GivenUp: false })
            return null;

        var group = session.Import(room.Group);
        var staged = group.Update().Match(result => result, error => throw new InvalidOperationException(error.ToString()));
        var uri = RoomUri.Parse(room.Room);
        var peer = UserUri.Parse(room.Peer);
        var frame = frames.Enqueue(work, new RoomUpdate(uri, staged.Commit, staged.Welcome ?? [], staged.GroupInfo), peer, FramePurpose.RoomCommit, uri);
        Tables.Rooms.Put(work.Store, room with { Pending = new PendingCommit(frame, staged.NewState.Export()) });
        return frame;
    }

    /// <summary>Somebody else's handshake. Returns why it was dropped, or null.</summary>
    public SchemaError? OnRoomUpdate(Work work, FederationEnvelope envelope, RoomUpdate update)
    {
        var room = Tables.Rooms.Get(work.Store, update.Room.Value);
        return room is null ? Join(work, envelope, update) : Follow(work, envelope, update, room);
    }

    private SchemaError? Join(Work work, FederationEnvelope envelope, RoomUpdate update)
    {
        var sender = envelope.Sender!;
        if (ContactBook.Get(work, sender).Ours != ConsentState.Granted)
            return new SchemaError("END-024", "The sender was not allowed to make contact", "room_update");

        var records = Tables.KeyPackages.All(work.Store);
        var bundles = records.Select(record => KeyPackageBundle.Import(record.Bundle).Match(bundle => bundle, _ => throw new StoreDamagedException())).ToList();
        foreach (var bundle in bundles)
            work.After(bundle.Dispose);

        if (update.Welcome.IsEmpty || !session.Mls.Join(update.Welcome, bundles).TryGet(out var joined, out var refused))
            return new SchemaError("END-020", "The Welcome cannot be joined with", "room_update.welcome");

        if (CheckGroup(joined.NewState, update.Room, sender) is { } error)
            return error;

        if (!IsSignedBy(envelope.Proof!, joined.AddedBy))
            return new SchemaError("END-022", "Who signed the update is not who added us", "envelope.proof");

        ContactBook.Observe(work, sender, ContactBook.KeysOf(sender, joined.NewState).ToList());
        var used = Convert.ToHexStringLower(joined.Used.Reference.Span);
        KeyPackagePool.Used(work, records.Single(record => record.Reference == used));
        Tables.Rooms.Put(work.Store, new RoomRecord(update.Room.Value, sender.Value, true, joined.NewState.Export(), null, work.NowMs));
        work.Raise(new EndpointEvent.RoomReady(work.Now, sender, false));
        return null;
    }

    private SchemaError? Follow(Work work, FederationEnvelope envelope, RoomUpdate update, RoomRecord room)
    {
        // A commit on top of ours shows that the hub took ours.
        var processing = session.Import(room.Group).Process(update.Commit);
        if (!processing.IsOk && room.Pending is { } staged && session.Import(staged.Group).Process(update.Commit) is { IsOk: true } onTop)
        {
            processing = onTop;
            Forget(work, staged.Frame);
            OnAccepted(work, update.Room, staged.Frame);
            room = Tables.Rooms.Get(work.Store, room.Room)!;
        }

        if (!processing.TryGet(out var processed, out var refused))
            return new SchemaError(refused.Rule, refused.Reason, "room_update.commit", refused.Offset);

        switch (processed)
        {
            case Processed.CommitApplied applied when !IsSignedBy(envelope.Proof!, applied.Committer):
                return new SchemaError("END-022", "Who signed the update is not who committed", "envelope.proof");
            case Processed.CommitApplied applied:
                if (CheckGroup(applied.NewState, update.Room, UserUri.Parse(room.Peer)) is { } error)
                    return error;

                // The hub took this commit at our staged one's epoch: ours is worth nothing any more and is made again.
                Save(work, room with { Pending = null, RefreshDue = false }, applied);
                ContactBook.Observe(work, UserUri.Parse(room.Peer), ContactBook.KeysOf(UserUri.Parse(room.Peer), applied.NewState).ToList());
                if (room.Pending is not null || room.RefreshDue)
                    Refresh(work, Tables.Rooms.Get(work.Store, room.Room)!);

                return null;
            case Processed.RemovedFromGroup removed:
                Save(work, room with { Active = false, Pending = null }, removed);
                return null;
            default:
                return new SchemaError("END-025", "A room update holds a commit", "room_update.commit");
        }
    }

    private static void Save(Work work, RoomRecord room, Processed processed)
    {
        Tables.Rooms.Put(work.Store, room with { Group = processed.NewState.Export() });
        work.Erase(processed.Consumed);
    }

    private void Create(Work work, RoomUri uri, UserUri peer, List<VerifiedKeyPackage> packages)
    {
        var group = session.Mls.CreateGroup(Encoding.UTF8.GetBytes(uri.Value)).Match(created => created, error => throw new InvalidOperationException(error.ToString()));
        if (!group.AddMembers(packages).TryGet(out var staged, out var refused))
        {
            GiveUp(work, peer, refused.Rule, refused.Reason);
            return;
        }

        var frame = frames.Enqueue(work, new RoomUpdate(uri, staged.Commit, staged.Welcome ?? [], staged.GroupInfo), peer, FramePurpose.RoomCommit, uri);
        Tables.Rooms.Put(work.Store, new RoomRecord(uri.Value, peer.Value, false, group.Export(), new PendingCommit(frame, staged.NewState.Export()), work.NowMs));
        work.Erase(staged.Consumed);
    }

    private bool TryVerify(Work work, UserUri target, ClientKeyMaterial entry, out VerifiedKeyPackage? package)
    {
        var verified = KeyPackages.Verify(entry.KeyPackage, work.Now, session.Suite);
        package = verified.IsOk ? verified.Value : null;
        var reason = !verified.IsOk ? verified.Error.ToString()
            : !CredentialCheck.TryGetClient(package!.Credential, out var client) || client != entry.Client || client.Owner != target ? "END-026: the key package names another client"
            : null;
        if (reason is not null)
            GiveUp(work, target, "END-026", "A key package of the peer is not valid (" + reason + ")");

        return reason is null;
    }

    private SchemaError? CheckGroup(MlsGroup group, RoomUri room, UserUri peer)
    {
        if (!group.GroupId.Span.SequenceEqual(Encoding.UTF8.GetBytes(room.Value)))
            return new SchemaError("END-021", "The group is another room's", "room_update");

        var owners = new HashSet<UserUri>();
        foreach (var member in group.Members)
        {
            if (!CredentialCheck.TryGetClient(member.Credential, out var client) || (client.Owner != peer && client.Owner != session.User))
                return new SchemaError("END-023", "The group has members besides the two users", "room_update");

            owners.Add(client.Owner);
        }

        return owners.Count == 2 || peer == session.User ? null : new SchemaError("END-023", "The group lacks one of the two users", "room_update");
    }

    private static void Later(Work work, SetupRecord setup, HubRefusal refusal, TimeSpan wait)
    {
        Tables.Setups.Put(work.Store, setup with { NotBefore = (work.Now + wait).ToUnixTimeMilliseconds() });
        work.Raise(new EndpointEvent.RoomDelayed(work.Now, UserUri.Parse(setup.Peer), refusal with { RetryAfter = wait }));
    }

    /// <summary>Ends what has waited for a room as long as it may; false when nothing is left that needs one.</summary>
    private bool ExpireOld(Work work, UserUri peer)
    {
        var waiting = MessageFlow.WaitingFor(work, peer);
        var old = waiting.Where(message => message.CreatedAt + (long)session.Options.RoomGiveUpAfter.TotalMilliseconds <= work.NowMs).ToList();
        foreach (var message in old)
            MessageFlow.Fail(work, message, MessageState.Expired, "END-113", "No room with the peer could be made in the time allowed");

        if (old.Count < waiting.Count)
            return true;

        if (Tables.Setups.Get(work.Store, peer.Value) is { } setup)
        {
            if (setup.RequestFrame is { } unanswered)
                Forget(work, unanswered);

            Tables.Setups.Delete(work.Store, setup);
        }

        return false;
    }

    private static bool IsSignedBy(FrameProof proof, Member member) =>
        CredentialCheck.TryGetClient(member.Credential, out var client) && client == proof.Client && member.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span);

    private static void GiveUp(Work work, UserUri peer, string rule, string reason)
    {
        if (Tables.Setups.Get(work.Store, peer.Value) is { } setup)
            Tables.Setups.Delete(work.Store, setup);

        foreach (var message in MessageFlow.WaitingFor(work, peer))
            MessageFlow.Fail(work, message, MessageState.Refused, rule, reason);
    }

    private static void Forget(Work work, string frame)
    {
        if (Tables.Outbox.Get(work.Store, frame) is { } row)
            Tables.Outbox.Delete(work.Store, row);
    }

    private static RoomUri NewRoom(ProviderDomain hub) =>
        RoomUri.TryCreate(hub, FrameId.Create().Hex, out var room) ? room : throw new InvalidOperationException("A room name of hexadecimal digits always fits.");

    private static string Describe(KeyMaterialStatus status) => status switch
    {
        KeyMaterialStatus.Success or KeyMaterialStatus.PartialSuccess => "The hub has key packages",
        KeyMaterialStatus.IncompatibleProtocol => "The peer's clients speak no protocol that this one does",
        KeyMaterialStatus.NoCompatibleMaterial => "The peer has no key package left; try again after the peer's client was online",
        KeyMaterialStatus.UserUnknown => "The peer is not known there, or never used an Interconnect endpoint",
        KeyMaterialStatus.NoConsent or KeyMaterialStatus.NoConsentForThisRoom => "The peer has not allowed contact; ask for consent first",
        KeyMaterialStatus.UserDeleted => "The peer is gone",
    };
}

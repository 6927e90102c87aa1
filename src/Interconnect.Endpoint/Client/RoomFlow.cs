using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// Rooms of two: ask for key material, create the group, let the hub accept the commit, adopt it; join by Welcome; follow others' commits. A commit of ours is
/// staged beside the group and becomes the group only when the hub has accepted it. In one file because these steps stand together.
/// </summary>
internal sealed class RoomFlow(EndpointSession session, OutgoingFrames frames)
{
    private static readonly TimeSpan KeyRequestTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestKeyRequestTimeout = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryStep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OwnDevicesPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OwnDevicesPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OwnDevicesLongestPause = TimeSpan.FromHours(1);
    private const int MaxUnconfirmedRooms = 4;
    private const int MaxEvidence = 64 * 1024;

    private readonly GroupMembership membership = new(session);

    /// <summary>The newest room with that user that may be written to and has a device of theirs under the identity they are known by; null when there is none.</summary>
    public RoomRecord? Usable(Work work, UserUri peer) =>
        Tables.Rooms.All(work.Store)
            .Where(room => room is { Active: true, ReadOnly: false, Still: null } && room.Peer == peer.Value)
            .OrderByDescending(room => room.JoinedAt).ThenBy(room => room.Room, StringComparer.Ordinal)
            .FirstOrDefault(room => session.Import(room.Group) is { IsActive: true } group && membership.HasPeer(work, group, peer));

    /// <summary>Why nothing is sent to that user; null when no room with them stands still.</summary>
    public static StillRecord? StandingStill(Work work, UserUri peer) =>
        Tables.Rooms.All(work.Store).FirstOrDefault(room => room is { ReadOnly: false, Still: not null } && room.Peer == peer.Value)?.Still;

    /// <summary>The person agrees that the rooms that stand still are left as they are, and a new one is made with the next message. False when none does.</summary>
    public static bool Renew(Work work, UserUri peer)
    {
        var still = Tables.Rooms.All(work.Store).Where(room => room is { ReadOnly: false, Still: not null } && room.Peer == peer.Value).ToList();
        foreach (var room in still)
            Tables.Rooms.Put(work.Store, room with { ReadOnly = true, Pending = null });

        return still.Count > 0;
    }

    /// <summary>Whether everybody in the room is accepted now, so that something may be encrypted to all of them.</summary>
    public bool IsWritable(Work work, RoomRecord room) =>
        room is { Active: true, ReadOnly: false, Still: null } && session.Import(room.Group) is { IsActive: true } group && membership.AllAccepted(work, group);

    /// <summary>
    /// Whether the room's devices are those of the newest lists. Otherwise it begins to make it so: devices that are no longer listed are removed by a commit of ours, and our own ones
    /// that are missing are asked for and added; those of the other user are that user's to add. What is to be sent waits meanwhile, for own devices half a minute at most.
    /// </summary>
    public bool IsCurrent(Work work, RoomRecord room)
    {
        var group = session.Import(room.Group);
        var stale = membership.Stale(work, group).ToList();
        if (stale.Count > 0)
        {
            Commit(work, room, group, new CommitRequest { Remove = stale });
            return false;
        }

        if (!membership.AllAccepted(work, group))
            return false;

        if (membership.MissingOwn(work, group).Count == 0)
        {
            if (room.AddingUntil != 0)
                Tables.Rooms.Put(work.Store, room with { AddingFrame = null, AddingUntil = 0, AddingTries = 0 });

            return true;
        }

        if (room.AddingFrame is null && room.AddingUntil <= work.NowMs)
        {
            var uri = RoomUri.Parse(room.Room);
            var frame = frames.Enqueue(work, new KeyMaterialRequest(session.User, uri, [session.Suite.Id]), null, FramePurpose.KeyRequest, uri, peer: session.User);
            Tables.Rooms.Put(work.Store, room with { AddingFrame = frame, AddingUntil = work.NowMs + (long)OwnDevicesPatience.TotalMilliseconds });
            return false;
        }

        if (room.AddingFrame is not null && room.AddingUntil <= work.NowMs)
            Tables.Rooms.Put(work.Store, AskLater(work, room));

        return room.AddingFrame is null || room.AddingUntil <= work.NowMs;
    }

    /// <summary>Lists have changed: every room with a device that is no longer listed, or without one that is, is put right at once.</summary>
    public void BringUpToDate(Work work, UserUri? peer)
    {
        if (!session.IsAuthorised(work))
            return;

        foreach (var room in Tables.Rooms.All(work.Store).Where(room => room is { Active: true, ReadOnly: false, Still: null } && (peer is null || room.Peer == peer.Value)))
        {
            if (session.Import(room.Group).IsActive && membership.HasPeer(work, session.Import(room.Group), UserUri.Parse(room.Peer)))
                IsCurrent(work, room.AddingFrame is null ? room with { AddingUntil = 0, AddingTries = 0 } : room);
        }
    }

    /// <summary>A device of ours that had no key packages yet when it was to be added is asked for again.</summary>
    public void Resume(Work work)
    {
        foreach (var room in Tables.Rooms.All(work.Store).Where(room => room is { Active: true, ReadOnly: false, Still: null, AddingUntil: > 0 } && room.AddingUntil <= work.NowMs))
        {
            if (session.IsAuthorised(work) && session.Import(room.Group).IsActive)
                IsCurrent(work, room);
        }
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
    public SchemaError? OnKeyMaterial(Work work, KeyMaterialResponse response)
    {
        Forget(work, response.RequestFrame.Hex);
        if (response.Target == session.User)
            return AddOwn(work, response);

        var setup = Tables.Setups.Get(work.Store, response.Target.Value);
        if (setup is null || setup.Room != response.Room?.Value || Tables.Rooms.Get(work.Store, setup.Room) is not null)
            return null;

        if (response.Status is not (KeyMaterialStatus.Success or KeyMaterialStatus.PartialSuccess))
        {
            GiveUp(work, response.Target, "END-103", Describe(response.Status));
            return null;
        }

        if (session.Book.Learn(work, response.DeviceLists, response.Target) is { } broken)
        {
            GiveUp(work, response.Target, broken.RuleId, broken.Reason);
            return broken;
        }

        if (ContactBook.Get(work, response.Target).Blocked)
        {
            // Nothing is made with keys that the person has to look at first; confirming starts over.
            Tables.Setups.Delete(work.Store, setup);
            return null;
        }

        var packages = new List<VerifiedKeyPackage>();
        foreach (var entry in response.Clients.Where(client => client.Status == ClientKeyMaterialStatus.Success))
        {
            if (Verify(work, response.Target, entry, out var package) is { } refused)
            {
                GiveUp(work, response.Target, refused.RuleId, refused.Reason);
                return refused;
            }

            packages.Add(package!);
        }

        if (packages.Count == 0)
        {
            GiveUp(work, response.Target, "END-103", Describe(KeyMaterialStatus.NoCompatibleMaterial));
            return null;
        }

        Create(work, RoomUri.Parse(setup.Room), response.Target, packages);
        return null;
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
        if (peer == session.User)
        {
            foreach (var room in Tables.Rooms.All(work.Store).Where(room => room.AddingFrame == frame))
                Tables.Rooms.Put(work.Store, AskLater(work, room));

            return;
        }

        if (Tables.Setups.Get(work.Store, peer.Value) is not { } setup || setup.RequestFrame != frame)
            return;

        if (refusal.RetryAfter is { } wait)
            Later(work, setup with { RequestFrame = null, Unanswered = 0 }, refusal, wait);
        else
            GiveUp(work, peer, refusal.RuleId, refusal.Reason);
    }

    /// <summary>Commits fresh keys of ours to a room (post-compromise security); null when a commit is under way already, or somebody in it is not accepted.</summary>
    public string? Refresh(Work work, RoomRecord room) => IsWritable(work, room) ? Commit(work, room, session.Import(room.Group), new CommitRequest()) : null;

    /// <summary>Somebody else's handshake. Returns why it was dropped, or null.</summary>
    public SchemaError? OnRoomUpdate(Work work, FederationEnvelope envelope, RoomUpdate update)
    {
        var room = Tables.Rooms.Get(work.Store, update.Room.Value);
        return room is null ? Join(work, envelope, update) : Follow(work, envelope, update, room);
    }

    private SchemaError? Join(Work work, FederationEnvelope envelope, RoomUpdate update)
    {
        var sender = envelope.Sender!;
        var own = sender == session.User;
        if (!own && !IsAllowed(ContactBook.Get(work, sender)))
            return new SchemaError("END-024", "The sender was not allowed to make contact", "room_update");

        var records = Tables.KeyPackages.All(work.Store);
        var bundles = records.Select(record => KeyPackageBundle.Import(record.Bundle).Match(bundle => bundle, _ => throw new StoreDamagedException())).ToList();
        foreach (var bundle in bundles)
            work.After(bundle.Dispose);

        if (update.Welcome.IsEmpty || !session.Mls.Join(update.Welcome, bundles).TryGet(out var joined, out var refused))
            return new SchemaError("END-020", "The Welcome cannot be joined with", "room_update.welcome");

        // A device of our own says by its signature whom the room is with; anybody else is who it is with.
        if (own && session.Book.TrustOf(work, envelope.Proof!) is null)
            return new SchemaError("END-041", "A device that is not one of ours made the room", "envelope.proof");

        var peer = own ? GroupMembership.OtherIn(joined.NewState, session.User) : sender;
        if (peer is null)
            return new SchemaError("END-023", "The group lacks one of the two users", "room_update");

        if (session.Book.Learn(work, update.DeviceLists, peer, signer: envelope.Proof) is { } broken)
            return broken;

        if (GroupMembership.IsForm(joined.NewState, update.Room, session.User, peer) is { } error)
            return error;

        if (!IsSignedBy(envelope.Proof!, joined.AddedBy))
            return new SchemaError("END-022", "Who signed the update is not who added us", "envelope.proof");

        if (membership.Refuse(work, null, joined.NewState, joined.AddedBy, peer) is { } unknown)
            return unknown;

        var unconfirmed = !membership.HasPeer(work, joined.NewState, peer);
        if (unconfirmed && Tables.Rooms.All(work.Store).Count(room => room.Peer == peer.Value && !membership.HasPeer(work, session.Import(room.Group), peer)) >= MaxUnconfirmedRooms)
            return new SchemaError("END-044", "Too many rooms of unconfirmed keys are there already", "room_update");

        // A room that another device of ours made is with whom our user wants it to be.
        if (own && ContactBook.Get(work, peer) is { Ours: ConsentState.None or ConsentState.Requested } contact)
            ContactBook.Put(work, contact with { Ours = ConsentState.Granted });

        var used = records.Single(record => record.Reference == Convert.ToHexStringLower(joined.Used.Reference.Span));
        if (!joined.Used.IsLastResort)
            Tables.KeyPackages.Delete(work.Store, used);

        Tables.Rooms.Put(work.Store, new RoomRecord(update.Room.Value, peer.Value, true, joined.NewState.Export(), null, work.NowMs));
        if (!unconfirmed)
            work.Raise(new EndpointEvent.RoomReady(work.Now, peer, false));

        return null;
    }

    // What our other devices allowed before this one was added is told to it by nobody: of whom it never heard anything, the hub's word counts.
    private bool IsAllowed(ContactRecord contact) => contact.Ours == ConsentState.Granted || (session.Identity.Further && contact is { Ours: ConsentState.None, SaidAt: 0, HeardAt: 0 });

    private SchemaError? Follow(Work work, FederationEnvelope envelope, RoomUpdate update, RoomRecord room)
    {
        var peer = UserUri.Parse(room.Peer);
        if (envelope.Sender != peer && envelope.Sender != session.User)
            return new SchemaError("END-027", "The update comes from somebody who is not in the room", "envelope.sender");

        // A commit on top of ours shows that the hub took ours.
        var before = session.Import(room.Group);
        var processing = before.Process(update.Commit);
        var onTop = false;
        if (!processing.IsOk && room.Pending is { } staged && session.Import(staged.Group) is var next && next.Process(update.Commit) is { IsOk: true } built)
            (processing, before, onTop) = (built, next, true);

        if (!processing.TryGet(out var processed, out var refused))
            return new SchemaError(refused.Rule, refused.Reason, "room_update.commit", refused.Offset);

        var committer = processed switch
        {
            Processed.CommitApplied applied => applied.Committer,
            Processed.RemovedFromGroup removed => removed.Committer,
            _ => null,
        };
        if (committer is null)
            return new SchemaError("END-025", "A room update holds a commit", "room_update.commit");

        if (!IsSignedBy(envelope.Proof!, committer))
            return new SchemaError("END-022", "Who signed the update is not who committed", "envelope.proof");

        if (session.Book.Learn(work, update.DeviceLists, null) is { } broken)
            return broken;

        // The commit is the group's next one, and whom it brings is nobody that the users authorised: nothing is encrypted to them. The group stays where it is.
        var unacceptable = processed is Processed.CommitApplied
            ? GroupMembership.IsForm(processed.NewState, update.Room, session.User, peer) ?? membership.Refuse(work, before, processed.NewState, committer, peer)
            : membership.Refuse(work, before, null, committer, peer);
        if (unacceptable is not null)
        {
            StandStill(work, room, envelope, committer, unacceptable);
            return unacceptable;
        }

        if (onTop)
        {
            Forget(work, room.Pending!.Frame);
            OnAccepted(work, update.Room, room.Pending.Frame);
            room = Tables.Rooms.Get(work.Store, room.Room)!;
        }

        if (processed is Processed.RemovedFromGroup)
        {
            Save(work, room with { Active = false, Pending = null }, processed);
            return null;
        }

        // The hub took this commit at our staged one's epoch: ours is worth nothing any more and is made again.
        Save(work, room with { Pending = null, RefreshDue = false }, processed);
        if (room.Pending is not null || room.RefreshDue)
            Refresh(work, Tables.Rooms.Get(work.Store, room.Room)!);

        return null;
    }

    private static void StandStill(Work work, RoomRecord room, FederationEnvelope envelope, Member committer, SchemaError why)
    {
        if (room.Still is not null)
            return;

        var evidence = EnvelopeCodec.Encode(envelope);
        var name = CredentialCheck.TryGetClient(committer.Credential, out var client) ? client.Value : "";
        Tables.Rooms.Put(work.Store, room with { Still = new StillRecord(why.RuleId, name, work.NowMs, evidence.Length <= MaxEvidence ? evidence : evidence[..MaxEvidence]) });
        work.Raise(new EndpointEvent.RoomStandsStill(work.Now, UserUri.Parse(room.Peer), why.RuleId));
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

        var update = new RoomUpdate(uri, staged.Commit, staged.Welcome ?? [], staged.GroupInfo) { DeviceLists = session.Book.Attach(work, peer) };
        var frame = frames.Enqueue(work, update, peer, FramePurpose.RoomCommit, uri);
        Tables.Rooms.Put(work.Store, new RoomRecord(uri.Value, peer.Value, false, group.Export(), new PendingCommit(frame, staged.NewState.Export()), work.NowMs));
        work.Erase(staged.Consumed);
    }

    /// <summary>Stages a commit of ours and hands it to the hub; null when one is under way already.</summary>
    private string? Commit(Work work, RoomRecord room, MlsGroup group, CommitRequest request)
    {
        if (room.Pending is { GivenUp: false })
            return null;

        var staged = group.Commit(request).Match(result => result, error => throw new InvalidOperationException(error.ToString()));
        var uri = RoomUri.Parse(room.Room);
        var peer = UserUri.Parse(room.Peer);
        var update = new RoomUpdate(uri, staged.Commit, staged.Welcome ?? [], staged.GroupInfo) { DeviceLists = session.Book.Attach(work, peer) };
        var frame = frames.Enqueue(work, update, peer, FramePurpose.RoomCommit, uri);
        Tables.Rooms.Put(work.Store, room with { Pending = new PendingCommit(frame, staged.NewState.Export()) });
        return frame;
    }

    /// <summary>Packages of our own other devices are here: those that the list names are added to the room they were asked for.</summary>
    private SchemaError? AddOwn(Work work, KeyMaterialResponse response)
    {
        if (Tables.Rooms.All(work.Store).FirstOrDefault(room => room.AddingFrame == response.RequestFrame.Hex) is not { } room)
            return null;

        if (session.Book.Learn(work, response.DeviceLists, null) is { } broken)
            return broken;

        // Packages of what is no device of ours are passed over: the list says who is.
        room = AskLater(work, room);
        Tables.Rooms.Put(work.Store, room);
        var group = session.Import(room.Group);
        var missing = membership.MissingOwn(work, group);
        var packages = new List<VerifiedKeyPackage>();
        SchemaError? error = null;
        foreach (var entry in response.Clients.Where(client => client.Status == ClientKeyMaterialStatus.Success && missing.Contains(client.Client)))
        {
            if (Verify(work, session.User, entry, out var package) is { } refused)
                error = refused;
            else
                packages.Add(package!);
        }

        if (packages.Count > 0 && room is { Active: true, ReadOnly: false, Still: null } && membership.AllAccepted(work, group))
            Commit(work, room, group, new CommitRequest { Add = packages });

        return error;
    }

    private static RoomRecord AskLater(Work work, RoomRecord room)
    {
        var pause = Math.Min(OwnDevicesLongestPause.TotalMilliseconds, OwnDevicesPause.TotalMilliseconds * (1 << Math.Min(room.AddingTries, 10)));
        return room with { AddingFrame = null, AddingUntil = work.NowMs + (long)pause, AddingTries = room.AddingTries + 1 };
    }

    /// <summary>A key package as it has to be: valid, of the client it is said to be of, and with the key that the newest list of its user names. Returns why not, or null.</summary>
    private SchemaError? Verify(Work work, UserUri target, ClientKeyMaterial entry, out VerifiedKeyPackage? package)
    {
        var verified = KeyPackages.Verify(entry.KeyPackage, work.Now, session.Suite);
        package = verified.IsOk ? verified.Value : null;
        if (package is null)
            return new SchemaError("END-026", $"A key package of the peer is not valid ({verified.Error})", "key_material_response");

        if (!CredentialCheck.TryGetClient(package.Credential, out var client) || client != entry.Client || client.Owner != target)
            return new SchemaError("END-026", "A key package names another client", "key_material_response");

        return session.Book.TrustOf(work, client, package.Suite.Id, package.SignatureKey.Span) is KeyTrust.Pinned or KeyTrust.Verified
            ? null
            : new SchemaError("END-041", "A key package is of no device that its user authorised", "key_material_response");
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

using System.Security.Cryptography;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// Our own user's devices: the list is signed here, kept, handed to the hub, and renewed before it runs out. Only then are key packages published, since nobody accepts those of a
/// device that no list names.
/// </summary>
internal sealed class DeviceFlow(EndpointSession session, OutgoingFrames frames, RoomFlow rooms)
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(10);
    private static readonly TimeSpan RenewAtMost = TimeSpan.FromDays(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(15);
    private const int RenewTurns = 8;
    private const int MaxRequests = 8;
    private const int MaxLinkBytes = 512 * 1024;
    private const string LinkMemoryName = "self";

    private DeviceChain? shown;

    /// <summary>Makes a user's identity with this device as its only one.</summary>
    public static (IdentityRecord Identity, DeviceChain Chain) Found(IdentityRecord identity, UserUri user, DeviceEntry device, RecoverySeed seed, DateTimeOffset now)
    {
        using var key = seed.DeriveIdentityKey();
        var list = DeviceList.First(user, key.PublicKey.ToArray(), [device], now);
        var chain = DeviceChain.Begin(SignedDeviceList.ByIdentity(list, (label, content) => key.SignWithLabel(label, content)));
        return (identity with { IdentityKey = key.PublicKey.ToArray(), Seed = seed.Export(), Joining = false }, chain);
    }

    /// <summary>Signs the next list of this era, with devices added or taken out. Returns why not, or null.</summary>
    public RequestOutcome.Blocked? Change(Work work, IReadOnlyList<DeviceEntry> added, IReadOnlyList<ClientUri> removed)
    {
        if (Staged(work) is not null)
            return new RequestOutcome.Blocked("END-129", "A change of the list is on its way to the gateway", "Wait until it is answered");

        if (session.Book.ChainOf(work, session.User) is not { } own || own.Newest.List.Find(session.Client, session.Suite.Id) is not { Authorises: true })
            return new RequestOutcome.Blocked("END-117", "This device may not change the list of devices", "Use a device that may, or the recovery phrase");

        if (own.Lists.Count >= DeviceChain.MaxLists || own.Newest.List.Devices.Count + added.Count > DeviceList.MaxDevices)
            return new RequestOutcome.Blocked("END-118", "The list of devices is full", "Open a new era with the recovery phrase ('identity recover')");

        if (added.Any(device => device.Client.Owner != session.User || own.Newest.List.Removed.Contains(device.Client) || own.Newest.List.Devices.Any(d => d.Client == device.Client || d.SignatureKey.Span.SequenceEqual(device.SignatureKey.Span))))
            return new RequestOutcome.Blocked("END-119", "The device is in the list already, was removed from it, or is another user's", "Give the new device another name");

        if (removed.Any(client => own.Newest.List.Devices.All(d => d.Client != client)))
            return new RequestOutcome.Blocked("END-120", "The list has no such device", "See 'device list'");

        if (own.Newest.List.Devices.All(d => removed.Contains(d.Client)))
            return new RequestOutcome.Blocked("END-121", "A list has a device", "Add another device first");

        var list = DeviceList.Next(own.Newest, added, removed, work.Now);

        // It counts, and is shown to anybody, once the hub took it: of two devices that change the list at once the second is refused, and nobody sees two lists of one place.
        var next = own.Append(SignedDeviceList.ByDevice(list, session.Client, session.Suite.Id, session.SignList), SignatureChecks.Verify);
        Tables.StagedChain.Put(work.Store, new ChainRecord(session.User.Value, [.. next.Encoded.Select(l => l.ToArray())]));
        Publish(work, next);
        return null;
    }

    /// <summary>Opens a new era with the phrase: these devices are the user's and no others. Returns why not, or null.</summary>
    public RequestOutcome.Blocked? Recover(Work work, RecoverySeed seed, IReadOnlyList<DeviceEntry> devices)
    {
        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        using var key = seed.DeriveIdentityKey();
        var known = session.Book.ChainOf(work, session.User) ?? shown;
        if ((identity.IdentityKey ?? known?.IdentityKey.ToArray()) is { } pinned && !key.PublicKey.Span.SequenceEqual(pinned))
            return new RequestOutcome.Blocked("END-122", "The phrase is of another identity", "Compare every word with what was written down");

        var list = known is null
            ? DeviceList.First(session.User, key.PublicKey.ToArray(), devices, work.Now)
            : DeviceList.NextEra(known.Newest, devices, work.Now);
        session.Save(work, identity with { IdentityKey = key.PublicKey.ToArray(), Joining = false, ConflictAt = null });
        Take(work, DeviceChain.Begin(SignedDeviceList.ByIdentity(list, (label, content) => key.SignWithLabel(label, content))));
        return null;
    }

    /// <summary>
    /// Phrase and devices are lost: a new identity with this device alone. The hub lets it wait and tells everybody; contacts have to confirm it in any case. Returns why not, or null.
    /// </summary>
    public RequestOutcome.Blocked? Reset(Work work)
    {
        if (session.IsAuthorised(work))
            return new RequestOutcome.Blocked("END-125", "This device is one of its user's devices already", "Use it to add others; only who has lost all devices and the phrase needs a new identity");

        using var seed = RecoverySeed.Create();
        var (identity, chain) = Found(Tables.Identity.Get(work.Store, IdentityRecord.Name)! with { ConflictAt = null }, session.User, session.NewEntry(work.Now), seed, work.Now);
        session.Save(work, identity);
        Take(work, chain);
        return null;
    }

    /// <summary>Says with the phrase that another identity of this user, which somebody showed, is not the user's: the hub lets it wait longer. Returns why not, or null.</summary>
    public RequestOutcome.Blocked? Object(Work work, RecoverySeed seed)
    {
        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        using var key = seed.DeriveIdentityKey();
        if (identity.IdentityKey is not { } own || !key.PublicKey.Span.SequenceEqual(own))
            return new RequestOutcome.Blocked("END-122", "The phrase is of another identity", "Compare every word with what was written down");

        if (identity.ConflictKey is not { } other)
            return new RequestOutcome.Blocked("END-128", "No other identity of this user was shown here", "Nothing needs to be done");

        var objection = IdentityObjection.Sign(session.User, own, other, work.Now, (label, content) => key.SignWithLabel(label, content));
        frames.Enqueue(work, objection, null, FramePurpose.IdentityObjection);
        return null;
    }

    /// <summary>What an old device answered to a link: lists that name this device and its key, or nothing.</summary>
    public RequestOutcome.Blocked? Adopt(Work work, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (!AttachedLists.TryGroup(lists, out var users, out var error)
            || !DeviceChain.TryRead(users.FirstOrDefault(u => u.User == session.User).Lists ?? [], SignatureChecks.Verify, work.Now, null, out var chain, out error))
        {
            return new RequestOutcome.Blocked(error.RuleId, error.Reason, "Begin the link again");
        }

        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        var fits = chain.User == session.User && chain.Names(session.Client, session.Suite.Id, session.PublicKey.Span)
            && (identity.IdentityKey is null || chain.IdentityKey.Span.SequenceEqual(identity.IdentityKey));
        if (!fits)
            return new RequestOutcome.Blocked("END-123", "The lists do not name this device with its key", "Begin the link again");

        session.Save(work, identity with { IdentityKey = chain.IdentityKey.ToArray(), Joining = false });
        session.Book.PutOwn(work, chain);

        // The device that answered is ours, so whom it knows is who they are.
        foreach (var (user, theirs) in users.Where(u => u.User != session.User))
        {
            if (session.Book.Introduce(work, user, theirs) is { } broken)
                return new RequestOutcome.Blocked(broken.RuleId, broken.Reason, "Begin the link again");
        }

        return null;
    }

    /// <summary>Publishes the newest list where the hub does not have it, and renews it before it runs out.</summary>
    public void Maintain(Work work)
    {
        if (session.Book.ChainOf(work, session.User) is not { } own || !session.IsAuthorised(work))
            return;

        // The devices of a list take turns, a day apart, so that not all of them renew it at the same moment.
        var newest = own.Newest.List;
        var turn = newest.Devices.TakeWhile(device => device.Client != session.Client).Count(device => device.Authorises) % RenewTurns;
        if (newest.FreshUntil - work.Now < RenewBefore - (turn * RenewAtMost) && work.Now - newest.IssuedAt > RenewAtMost && own.Lists.Count < DeviceChain.MaxLists && newest.Find(session.Client, session.Suite.Id) is { Authorises: true })
            Change(work, [], []);

        Publish(work, Staged(work) ?? session.Book.ChainOf(work, session.User)!);
    }

    public void OnAccepted(Work work, string frame)
    {
        if (State(work) is not { Offered: { } offered } state || state.Frame != frame)
            return;

        Tables.ListPublication.Put(work.Store, new ListPublicationRecord(offered, null, null, 0, 0));
        if (Staged(work) is { } staged && Same(offered, staged.Newest.Hash.ToArray()))
        {
            Unstage(work);
            session.Book.PutOwn(work, staged);
            work.Raise(new EndpointEvent.OwnDevicesChanged(work.Now, session.IsAuthorised(work)));
            rooms.BringUpToDate(work, null);
        }

        work.Raise(new EndpointEvent.DeviceListPublished(work.Now, null));
        Maintain(work);
    }

    public void OnRefused(Work work, string frame, HubRefusal refusal)
    {
        if (State(work) is not { } state || state.Frame != frame)
            return;

        // What cannot be taken at all has not been: the list is as it was.
        if (refusal.RetryAfter is null && Staged(work) is not null)
            Unstage(work);

        var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(state.Refused, 10)));
        if (refusal.RetryAfter > wait)
            wait = refusal.RetryAfter.Value;

        Tables.ListPublication.Put(work.Store, state with { Frame = null, Offered = null, Refused = state.Refused + 1, NotBefore = (work.Now + wait).ToUnixTimeMilliseconds() });
        work.Raise(new EndpointEvent.DeviceListPublished(work.Now, refusal));
    }

    /// <summary>Asks the hub what it has of our own user: a list of another identity shows that somebody squats on it.</summary>
    public string Ask(Work work) => frames.Enqueue(work, new DeviceListRequest(session.User), null, FramePurpose.DeviceListRequest);

    public string SendLink(Work work, ReadOnlyMemory<byte> message) => frames.Enqueue(work, new DeviceLinkMessage(message), null, FramePurpose.DeviceLink);

    /// <summary>A request waits here until the person gives its code, a few at most; everything else is for whoever listens.</summary>
    public static void OnLink(Work work, DeviceLinkMessage link)
    {
        if (LinkRequest.TryRead(link.Message.Span, out var request, out _))
        {
            var name = Convert.ToHexString(request.Hash.Span);
            foreach (var old in Requests(work).Where(old => old.ExpiresAt <= work.Now))
                work.Store.Delete(EntryKind.LinkRequest, Convert.ToHexString(old.Hash.Span));

            // One that lasts longer than any code would only be in the way of others.
            if (request.ExpiresAt <= work.Now + LongestRequest && Requests(work).Count() < MaxRequests && !work.Store.Has(EntryKind.LinkRequest, name))
                work.Store.Put(EntryKind.LinkRequest, name, link.Message.ToArray(), work.NowMs);
        }

        work.Raise(new EndpointEvent.DeviceLinkReceived(work.Now, link.Message));
    }

    /// <summary>
    /// The person gave a code and typed digits: the device whose request they fit is put into the list, and answered, in one step. Returns why not, or null. Wrong tries are kept whatever
    /// becomes of the rest.
    /// </summary>
    public RequestOutcome.Blocked? Authorise(Work work, LinkCode code, EntryDigits digits)
    {
        LinkError? error = null;
        foreach (var request in Requests(work).Where(request => request.ExpiresAt > work.Now).ToList())
        {
            var memory = work.Store.Get(EntryKind.LinkMemory, LinkMemoryName) is { } saved
                ? LinkMemory.TryRead(saved, out var read, out _) ? read : throw new StoreDamagedException()
                : LinkMemory.Empty;
            var check = OldDeviceLink.Check(request, session.User, code, digits, memory, work.Now);
            work.Store.Put(EntryKind.LinkMemory, LinkMemoryName, check.Memory.ToBytes());
            if (check is not LinkCheck.Approved { Link: var link })
            {
                error = ((LinkCheck.Refused)check).Error;
                continue;
            }

            using (link)
                return Answer(work, request, link);
        }

        return error is null
            ? new RequestOutcome.Blocked("END-124", "No device asks to be added", "Run 'device add' on the new device first, and keep it running")
            : new RequestOutcome.Blocked(error.RuleId, error.Reason, "Read code and digits from the new device again");
    }

    private RequestOutcome.Blocked? Answer(Work work, LinkRequest request, ApprovedLink link)
    {
        if (!DeviceEntry.TryDecode(link.Entry, out var device, out var malformed))
            return new RequestOutcome.Blocked(malformed.RuleId, malformed.Reason, "Begin the link again");

        if (Change(work, [device], []) is { } refused)
            return refused;

        if (!link.TryAnswer(ListsForNewDevice(work), out var answer, out var error))
            return new RequestOutcome.Blocked(error.RuleId, error.Reason, "Open a new era with the recovery phrase ('identity recover')");

        work.Store.Delete(EntryKind.LinkRequest, Convert.ToHexString(request.Hash.Span));
        SendLink(work, answer);
        return null;
    }

    /// <summary>
    /// What a new device of ours begins with: our own lists, and those of the contacts that this device knows, the newest contacts first, so that nobody can show it another person where
    /// an older device would have known better. Bounded; whoever does not fit is met anew.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ListsForNewDevice(Work work)
    {
        var lists = (Staged(work) ?? session.Book.ChainOf(work, session.User))?.Encoded.ToList() ?? [];
        var bytes = lists.Sum(list => list.Length);
        foreach (var contact in Tables.Contacts.All(work.Store).Where(contact => contact.Identity is not null && contact.Fork is null).OrderByDescending(contact => contact.AddedAt))
        {
            var chain = session.Book.ChainOf(work, UserUri.Parse(contact.User))!;
            bytes += chain.Encoded.Sum(list => list.Length);
            if (lists.Count + chain.Lists.Count > DeviceChain.MaxLists || bytes > MaxLinkBytes)
                break;

            lists.AddRange(chain.Encoded);
        }

        return lists;
    }

    /// <summary>What the hub has of our user, for a device that has no list yet and will be named by the phrase.</summary>
    public void OnOwnLists(Work work, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (session.Book.ChainOf(work, session.User) is null && DeviceChain.TryRead(lists, SignatureChecks.Verify, work.Now, null, out var chain, out _) && chain.User == session.User)
            shown = chain;

        work.Raise(new EndpointEvent.OwnListsShown(work.Now, lists.Count > 0));
    }

    private static IEnumerable<LinkRequest> Requests(Work work) =>
        work.Store.All(EntryKind.LinkRequest).Select(bytes => LinkRequest.TryRead(bytes, out var request, out _) ? request : throw new StoreDamagedException());

    private static void Unstage(Work work)
    {
        foreach (var record in Tables.StagedChain.All(work.Store))
            Tables.StagedChain.Delete(work.Store, record);
    }

    // A change that the hub has not answered; one that another device's list has overtaken counts no more.
    private DeviceChain? Staged(Work work)
    {
        if (Tables.StagedChain.Get(work.Store, session.User.Value) is not { } record)
            return null;

        var known = session.Book.ChainOf(work, session.User);
        var staged = DeviceChain.TryRead([.. record.Lists.Select(l => (ReadOnlyMemory<byte>)l)], SignatureChecks.Verify, DateTimeOffset.MaxValue - DeviceChain.MaxAhead, known, out var chain, out _)
            ? chain
            : throw new StoreDamagedException();
        if (known?.Compare(staged) is ChainStep.Newer)
            return staged;

        Unstage(work);
        return null;
    }

    // An era of our own that the phrase signed is kept and handed to the hub in one step; what rests on it, rooms and packages, follows from it.
    private void Take(Work work, DeviceChain chain)
    {
        Unstage(work);
        session.Book.PutOwn(work, chain);
        work.Raise(new EndpointEvent.OwnDevicesChanged(work.Now, session.IsAuthorised(work)));
        Publish(work, chain);
        rooms.BringUpToDate(work, null);
    }

    private void Publish(Work work, DeviceChain own)
    {
        var hash = own.Newest.Hash.ToArray();
        var state = State(work) ?? new ListPublicationRecord(null, null, null, 0, 0);
        if (Same(state.Accepted, hash) || Same(state.Offered, hash) || state.NotBefore > work.NowMs)
            return;

        var frame = frames.Enqueue(work, new DeviceListUpdate(own.Encoded), null, FramePurpose.DeviceList);
        Tables.ListPublication.Put(work.Store, state with { Frame = frame, Offered = hash });
    }

    private static bool Same(byte[]? one, byte[] other) => one is not null && CryptographicOperations.FixedTimeEquals(one, other);

    private static ListPublicationRecord? State(Work work) => Tables.ListPublication.Get(work.Store, ListPublicationRecord.Name);
}

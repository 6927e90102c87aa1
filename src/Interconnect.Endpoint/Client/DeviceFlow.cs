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
    private const int MaxRequests = 8;
    private const string LinkMemoryName = "self";

    private static readonly RequestOutcome.Blocked Full =
        new("END-118", "The list of devices is full", "Open a new era with the recovery phrase ('identity recover')");

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
        if (session.Book.ChainOf(work, session.User) is not { } own || own.Newest.List.Find(session.Client, session.Suite.Id) is not { Authorises: true })
            return new RequestOutcome.Blocked("END-117", "This device may not change the list of devices", "Use a device that may, or the recovery phrase");

        if (own.Lists.Count >= DeviceChain.MaxLists || own.Newest.List.Devices.Count + added.Count > DeviceList.MaxDevices)
            return Full;

        if (added.Any(device => device.Client.Owner != session.User || own.Newest.List.Removed.Contains(device.Client) || own.Newest.List.Devices.Any(d => d.Client == device.Client || d.SignatureKey.Span.SequenceEqual(device.SignatureKey.Span))))
            return new RequestOutcome.Blocked("END-119", "The device is in the list already, was removed from it, or is another user's", "Give the new device another name");

        if (removed.Any(client => own.Newest.List.Devices.All(d => d.Client != client)))
            return new RequestOutcome.Blocked("END-120", "The list has no such device", "See 'device list'");

        if (own.Newest.List.Devices.All(d => removed.Contains(d.Client)))
            return new RequestOutcome.Blocked("END-121", "A list has a device", "Add another device first");

        // It travels with events, beside another user's as long; for a removal alone there is always room enough without the other's.
        var list = DeviceList.Next(own.Newest, added, removed, work.Now);
        var next = SignedDeviceList.ByDevice(list, session.Client, session.Suite.Id, session.SignList);
        var bytes = own.Encoded.Append(next.Encoded).Sum(one => (long)one.Length);
        if (bytes > (removed.Count > 0 && added.Count == 0 ? AttachedLists.MaxBytes : AttachedLists.MaxBytes / 2))
            return Full;

        Take(work, own.Append(next, SignatureChecks.Verify));
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

    /// <summary>What an old device answered to a link: lists that name this device and its key, or nothing.</summary>
    public RequestOutcome.Blocked? Adopt(Work work, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (!DeviceChain.TryRead(lists, SignatureChecks.Verify, work.Now, null, out var chain, out var error))
            return new RequestOutcome.Blocked(error.RuleId, error.Reason, "Begin the link again");

        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        var fits = chain.User == session.User && chain.Names(session.Client, session.Suite.Id, session.PublicKey.Span)
            && (identity.IdentityKey is null || chain.IdentityKey.Span.SequenceEqual(identity.IdentityKey));
        if (!fits)
            return new RequestOutcome.Blocked("END-123", "The lists do not name this device with its key", "Begin the link again");

        session.Save(work, identity with { IdentityKey = chain.IdentityKey.ToArray(), Joining = false });
        session.Book.PutOwn(work, chain);
        return null;
    }

    /// <summary>Publishes the newest list where the hub does not have it, and renews it before it runs out.</summary>
    public void Maintain(Work work)
    {
        if (session.Book.ChainOf(work, session.User) is not { } own || !session.IsAuthorised(work))
            return;

        var newest = own.Newest.List;
        if (newest.FreshUntil - work.Now < RenewBefore && work.Now - newest.IssuedAt > RenewAtMost && own.Lists.Count < DeviceChain.MaxLists && newest.Find(session.Client, session.Suite.Id) is { Authorises: true })
            Change(work, [], []);

        Publish(work, session.Book.ChainOf(work, session.User)!);
    }

    public void OnAccepted(Work work, string frame)
    {
        if (State(work) is not { Offered: { } offered } state || state.Frame != frame)
            return;

        Tables.ListPublication.Put(work.Store, new ListPublicationRecord(offered, null, null, 0, 0));
        work.Raise(new EndpointEvent.DeviceListPublished(work.Now, null));
        Maintain(work);
    }

    public void OnRefused(Work work, string frame, HubRefusal refusal)
    {
        if (State(work) is not { } state || state.Frame != frame)
            return;

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
        // One that is good for too long would keep its place for as long, and no code makes it count.
        if (LinkRequest.TryRead(link.Message.Span, out var request, out _) && request.ExpiresAt - work.Now <= LinkCodec.Lifetime + LinkCodec.ClockSkew)
        {
            var name = Convert.ToHexString(request.Hash.Span);
            foreach (var old in Requests(work).Where(old => old.ExpiresAt <= work.Now))
                work.Store.Delete(EntryKind.LinkRequest, Convert.ToHexString(old.Hash.Span));

            if (Requests(work).Count() < MaxRequests && !work.Store.Has(EntryKind.LinkRequest, name))
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

        if (!link.TryAnswer(session.Book.ChainOf(work, session.User)!.Encoded, out var answer, out var error))
            return new RequestOutcome.Blocked(error.RuleId, error.Reason, "Open a new era with the recovery phrase ('identity recover')");

        work.Store.Delete(EntryKind.LinkRequest, Convert.ToHexString(request.Hash.Span));
        SendLink(work, answer);
        return null;
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

    // A list that was signed is kept and handed to the hub in one step; what rests on it, rooms and packages, follows from it.
    private void Take(Work work, DeviceChain chain)
    {
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

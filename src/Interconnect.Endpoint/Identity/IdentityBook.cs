using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// Whose key it is. Each contact is known by an identity key, pinned at first contact, and by the newest era of device lists under it; another identity becomes a candidate that
/// blocks sending until the person confirms it, and lists that contradict each other block until a later era. A key counts only when the newest list names exactly its client, suite
/// and key; a name alone counts for nothing, one's own user's included.
/// </summary>
internal sealed class IdentityBook(EndpointSession session)
{
    /// <summary>Chains that were decoded and verified, so that a message costs no signature but its own; the store says which is the newest.</summary>
    private const int MaxCached = 1_000;

    private readonly Dictionary<string, DeviceChain> cache = new(StringComparer.Ordinal);

    /// <summary>The newest era known of a user under the pinned identity; null when none is.</summary>
    public DeviceChain? ChainOf(Work work, UserUri user) => Tables.Chains.Get(work.Store, user.Value) is { } record ? Decode(record.Lists) : null;

    /// <summary>What an event that leaves should rest on: our own chain, and the other's.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attach(Work work, UserUri? peer = null)
    {
        var own = Heard(work);
        IReadOnlyList<ReadOnlyMemory<byte>> all = peer is null ? own : [.. own, .. ChainOf(work, peer)?.Encoded ?? []];
        return all.Sum(list => (long)list.Length) <= AttachedLists.MaxBytes ? all : own;
    }

    /// <summary>What is known of a key; null when it is no authorised device's.</summary>
    public KeyTrust? TrustOf(Work work, ClientUri client, ushort suite, ReadOnlySpan<byte> key)
    {
        if (client.Owner == session.User)
            return ChainOf(work, session.User) is { } own && own.Names(client, suite, key) ? KeyTrust.Verified : null;

        if (Tables.Contacts.Get(work.Store, client.Owner.Value) is not { } contact)
            return null;

        if (ChainOf(work, client.Owner) is { } chain && chain.Names(client, suite, key))
            return contact.Fork is not null ? KeyTrust.Unconfirmed : contact.Verified ? KeyTrust.Verified : KeyTrust.Pinned;

        return contact.CandidateLists is { } lists && Decode(lists).Names(client, suite, key) ? KeyTrust.Unconfirmed : null;
    }

    /// <summary>The same for a frame's signer.</summary>
    public KeyTrust? TrustOf(Work work, FrameProof proof) => TrustOf(work, proof.Client, proof.CipherSuite, proof.SignatureKey.Span);

    /// <summary>The same for a member of a group; null for a credential that names no client.</summary>
    public KeyTrust? TrustOf(Work work, Member member, ushort suite) =>
        CredentialCheck.TryGetClient(member.Credential, out var client) ? TrustOf(work, client, suite, member.SignatureKey.Span) : null;

    /// <summary>
    /// Takes in device lists that an event brought. Lists of users who do not concern it are left alone. Returns which rule they broke, or null; what was learned before that is kept,
    /// since lists prove themselves.
    /// </summary>
    /// <param name="work">The step in hand.</param>
    /// <param name="lists">As attached.</param>
    /// <param name="first">Who may become known by them; null: only those who are.</param>
    /// <param name="signer">Who signed the event that brought them; null for the hub.</param>
    public SchemaError? Learn(Work work, IReadOnlyList<ReadOnlyMemory<byte>> lists, UserUri? first, FrameProof? signer = null)
    {
        if (lists.Count == 0)
            return null;

        if (!AttachedLists.TryGroup(lists, out var users, out var error))
            return error;

        foreach (var (user, encoded) in users)
        {
            error = user == session.User ? LearnOwn(work, encoded) : Learn(work, user, encoded, user == first, signer);
            if (error is not null)
                return error;
        }

        return null;
    }

    /// <summary>What two people compare; null when no identity of the user is known.</summary>
    public SafetyNumbers? NumbersOf(Work work, UserUri user)
    {
        if (Tables.Contacts.Get(work.Store, user.Value) is not { } contact || session.Identity.IdentityKey is not { } own || (contact.Identity ?? contact.Candidate) is null)
            return null;

        return new SafetyNumbers(Number(contact.Identity), Number(contact.Candidate), contact.Verified);

        SafetyNumber? Number(byte[]? key) => key is null ? null : SafetyNumber.Compute(session.User, own, user, key);
    }

    /// <summary>
    /// The person compared these digits and they were the same on the other side: the identity that they are of is the user's, and no other. Returns why not, or null.
    /// </summary>
    public RequestOutcome.Blocked? Confirm(Work work, UserUri user, SafetyNumber compared)
    {
        if (Tables.Contacts.Get(work.Store, user.Value) is not { } contact || NumbersOf(work, user) is not { } now)
            return new RequestOutcome.Blocked("END-108", "No identity of this user is known", "Make contact first");

        if (now.Known?.Matches(compared) == true)
        {
            Tables.Contacts.Put(work.Store, contact with { Verified = true, Candidate = null, CandidateLists = null });
            return null;
        }

        if (now.Shown?.Matches(compared) != true)
            return new RequestOutcome.Blocked("END-114", "These are not the digits of an identity that is known now", "Show the safety number again and compare it anew");

        Tables.Chains.Put(work.Store, new ChainRecord(user.Value, contact.CandidateLists!));
        Tables.Contacts.Put(work.Store, contact with { Identity = contact.Candidate, Verified = true, Candidate = null, CandidateLists = null, Fork = null, Clients = [] });
        return null;
    }

    /// <summary>Stores a chain of our own that was signed here or came with a link.</summary>
    public void PutOwn(Work work, DeviceChain chain) => Tables.Chains.Put(work.Store, new ChainRecord(session.User.Value, [.. chain.Encoded.Select(l => l.ToArray())]));

    private SchemaError? Learn(Work work, UserUri user, IReadOnlyList<ReadOnlyMemory<byte>> encoded, bool mayBeFirst, FrameProof? signer)
    {
        var contact = Tables.Contacts.Get(work.Store, user.Value);
        if (contact?.Identity is null && !mayBeFirst)
            return null;

        contact ??= ContactBook.Get(work, user);
        var known = contact.Identity is null ? null : ChainOf(work, user);
        if (!DeviceChain.TryRead(encoded, SignatureChecks.Verify, work.Now, known, out var shown, out var error))
            return error;

        if (contact.Identity is null)
            return Meet(work, contact, shown, signer);

        if (!shown.IdentityKey.Span.SequenceEqual(contact.Identity))
            return Doubt(work, contact, shown);

        switch (known is null ? new ChainStep.Newer() : known.Compare(shown))
        {
            case ChainStep.Newer:
                Remember(shown);
                Tables.Chains.Put(work.Store, new ChainRecord(user.Value, [.. shown.Encoded.Select(l => l.ToArray())]));
                if (contact.Fork is { } fork && shown.Newest.List.Era > fork.Era)
                    Tables.Contacts.Put(work.Store, contact with { Fork = null });

                work.Raise(new EndpointEvent.DevicesChanged(work.Now, user));
                break;
            case ChainStep.Fork(var one, var other) when contact.Fork is null:
                Tables.Contacts.Put(work.Store, contact with { Fork = new ForkRecord(one.List.Era, one.Encoded.ToArray(), other.Encoded.ToArray(), work.NowMs) });
                work.Raise(new EndpointEvent.KeyChanged(work.Now, user));
                break;
            default:
                break;
        }

        return null;
    }

    // First contact. Who was known by the keys of devices before there were identities is met again by the signature of such a device: a list names whatever keys its maker has seen.
    private static SchemaError? Meet(Work work, ContactRecord contact, DeviceChain shown, FrameProof? signer)
    {
        if (!shown.IsFresh(work.Now))
            return new SchemaError("END-040", "A first contact is not made over device lists that have run out", "device_lists");

        if (contact.Clients.Count > 0 && !(contact.Clients.All(pinned => IsNamed(pinned, shown)) && contact.Clients.Any(pinned => Signed(pinned, signer))))
            return Doubt(work, contact, shown);

        Tables.Chains.Put(work.Store, new ChainRecord(contact.User, [.. shown.Encoded.Select(l => l.ToArray())]));
        Tables.Contacts.Put(work.Store, contact with { Identity = shown.IdentityKey.ToArray(), Clients = [], Candidate = null, CandidateLists = null });
        return null;
    }

    private static bool IsNamed(PinnedClient pinned, DeviceChain shown) =>
        pinned.Candidate is null && pinned.Key.Length > 0 && shown.Names(ClientUri.Parse(pinned.Client), pinned.Suite, pinned.Key);

    private static bool Signed(PinnedClient pinned, FrameProof? signer) =>
        signer is not null && pinned.Client == signer.Client.Value && pinned.Suite == signer.CipherSuite && signer.SignatureKey.Span.SequenceEqual(pinned.Key);

    private static SchemaError? Doubt(Work work, ContactRecord contact, DeviceChain shown)
    {
        if (!shown.IsFresh(work.Now))
            return new SchemaError("END-040", "A first contact is not made over device lists that have run out", "device_lists");

        var lists = shown.Encoded.Select(l => l.ToArray()).ToList();
        var isNew = contact.Candidate is not { } candidate || !shown.IdentityKey.Span.SequenceEqual(candidate);
        var isOlder = !isNew && Verified(contact.CandidateLists!).Compare(shown) is not ChainStep.Newer;
        if (isOlder)
            return null;

        Tables.Contacts.Put(work.Store, contact with { Candidate = shown.IdentityKey.ToArray(), CandidateLists = lists });
        if (isNew)
            work.Raise(new EndpointEvent.KeyChanged(work.Now, UserUri.Parse(contact.User)));

        return null;
    }

    // We are the authority on our own devices: lists under our identity are taken as far as they go on from ours; another identity is a conflict and nothing else.
    private SchemaError? LearnOwn(Work work, IReadOnlyList<ReadOnlyMemory<byte>> encoded)
    {
        if (session.Identity.IdentityKey is not { } identity)
            return null;

        var known = ChainOf(work, session.User);
        if (!DeviceChain.TryRead(encoded, SignatureChecks.Verify, work.Now, known, out var shown, out var error))
            return error;

        switch (known is null ? (shown.IdentityKey.Span.SequenceEqual(identity) ? new ChainStep.Newer() : new ChainStep.OtherIdentity()) : known.Compare(shown))
        {
            case ChainStep.Newer:
                TakeOwn(work, shown);
                break;
            case ChainStep.Same:
                NoteHeard(work, shown);
                break;
            case ChainStep.Fork(var mine, _) when IsUnheard(work, mine, shown):
                // Another device of ours changed the list at the same time and was first: what was signed here was shown to nobody, so it is dropped, and said.
                TakeOwn(work, shown);
                Tables.ListPublication.Put(work.Store, new ListPublicationRecord(shown.Newest.Hash.ToArray(), null, null, 0, 0));
                work.Raise(new EndpointEvent.DeviceListPublished(work.Now, new HubRefusal("END-129", "Another device changed the list first; do it again", null)));
                break;
            case ChainStep.OtherIdentity or ChainStep.Fork:
                session.Conflict(work);
                break;
            default:
                break;
        }

        return null;
    }

    private void TakeOwn(Work work, DeviceChain shown)
    {
        Remember(shown);
        PutOwn(work, shown);
        NoteHeard(work, shown);
        work.Raise(new EndpointEvent.OwnDevicesChanged(work.Now, shown.Newest.List.Devices.Any(d => d.Client == session.Client)));
    }

    // What others show of ours, the hub has.
    private static void NoteHeard(Work work, DeviceChain shown)
    {
        var state = Tables.ListPublication.Get(work.Store, ListPublicationRecord.Name) ?? new ListPublicationRecord(null, null, null, 0, 0);
        if (!shown.Newest.Hash.Span.SequenceEqual(state.Accepted))
            Tables.ListPublication.Put(work.Store, state with { Accepted = shown.Newest.Hash.ToArray() });
    }

    private static bool IsUnheard(Work work, SignedDeviceList mine, DeviceChain shown) =>
        mine.List.Version > 0
        && (Tables.ListPublication.Get(work.Store, ListPublicationRecord.Name)?.Accepted is not { } accepted || shown.Lists.Any(list => list.Hash.Span.SequenceEqual(accepted)));

    // A list of ours that the hub has not taken yet may lose against another device's, and is shown to nobody until then: contacts would hold the two against us.
    private IReadOnlyList<ReadOnlyMemory<byte>> Heard(Work work)
    {
        if (ChainOf(work, session.User) is not { } own)
            return [];

        var accepted = Tables.ListPublication.Get(work.Store, ListPublicationRecord.Name)?.Accepted;
        var heard = own.Lists.TakeWhile(list => !list.Hash.Span.SequenceEqual(accepted)).Count() + 1;
        return accepted is null ? own.Encoded : [.. own.Encoded.Take(heard)];
    }

    private DeviceChain Decode(IReadOnlyList<byte[]> lists)
    {
        var newest = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(lists[^1]));
        if (cache.TryGetValue(newest, out var known))
            return known;

        var chain = Verified(lists);
        Remember(chain);
        return chain;
    }

    // Saved after it was verified, so what does not hold together now is a damaged store.
    private static DeviceChain Verified(IReadOnlyList<byte[]> lists) =>
        DeviceChain.TryRead([.. lists.Select(l => (ReadOnlyMemory<byte>)l)], SignatureChecks.Verify, DateTimeOffset.MaxValue - DeviceChain.MaxAhead, null, out var chain, out _)
            ? chain
            : throw new StoreDamagedException();

    private void Remember(DeviceChain chain)
    {
        if (cache.Count >= MaxCached)
            cache.Clear();

        cache[Convert.ToHexString(chain.Newest.Hash.Span)] = chain;
    }
}

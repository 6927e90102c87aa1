using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// Fills a view with what a group of events needs. One round trip for what only the database knows (seen before, reported deliveries) and for rows that are not cached;
/// a second one when rooms named users whose consents are not cached, and for the key material and device lists of who consents to being asked for it.
/// </summary>
/// <param name="caches">What is known already.</param>
/// <param name="policy">The bounds.</param>
/// <param name="hasOldIds">Whether the ledger holds events by their networks' ids.</param>
internal sealed class GroupLoader(HubCaches caches, HubPolicy policy, bool hasOldIds)
{
    public async Task<HubView> LoadAsync(DbConnection connection, IReadOnlyList<PreparedEvent> events, DateTimeOffset now, CancellationToken cancellation)
    {
        var view = new HubView();
        var needs = new GroupNeeds(events);
        var batch = new StatementBatch();
        QueryKnown(batch, needs.Events, known => AddKnown(view, known));
        batch.Query(LedgerQueries.KnownFrames, needs.Frames, row => view.Frames.Add(Convert.ToHexString(row.GetFieldValue<byte[]>(0))));
        batch.Query(LedgerQueries.Targets, needs.Targets, row => AddTarget(view, LedgerQueries.Read(row)));
        Need(batch, ClientStore.ByUri, needs.Clients, caches.Clients, view.Clients, ClientStore.Read, c => c.Uri);
        Need(batch, RoomStore.ByUri, needs.Rooms, caches.Rooms, view.Rooms, RoomStore.Read, r => r.Uri);
        Need(batch, IdentityStore.ByOwner, needs.Identities, caches.Identities, view.Identities, IdentityStore.Read, i => i.User);
        NeedLists(batch, needs, view);
        Need(batch, ConversationStore.ByKey, needs.Conversations, caches.Conversations, view.Conversations, ConversationStore.Read, c => c.Key);
        NeedConsents(batch, needs.Pairs, view);
        NeedKeyMaterial(batch, needs, view);
        batch.Query(ConsentStore.OpenByRequester, [.. needs.Speakers], row => view.OpenRequests[UserUri.Parse(row.GetString(0))] = (int)row.GetInt64(1));
        batch.Query(ConsentStore.SaidBy, [.. needs.Speakers], row => view.Said[UserUri.Parse(row.GetString(0))] = (int)row.GetInt64(1));
        batch.Query(RoomStore.CountByCreator, [.. needs.RoomMakers], row => view.RoomsMade[UserUri.Parse(row.GetString(0))] = (int)row.GetInt64(1));
        await batch.ExecuteAsync(connection, cancellation);

        var second = new StatementBatch();
        NeedConsents(second, needs.PairsOf(view.Rooms), view);
        NeedAsked(second, needs, view, now);
        await second.ExecuteAsync(connection, cancellation);
        Remember(view);
        return view;
    }

    /// <summary>Whether the ledger has the event; asks for nothing else.</summary>
    public async Task<bool> IsKnownAsync(DbConnection connection, PreparedEvent prepared, CancellationToken cancellation)
    {
        var known = false;
        var batch = new StatementBatch();
        QueryKnown(batch, [prepared], _ => known = true);
        await batch.ExecuteAsync(connection, cancellation);
        return known;
    }

    private void QueryKnown(StatementBatch batch, IReadOnlyList<PreparedEvent> events, Action<KnownEvent> add)
    {
        batch.Query(LedgerQueries.KnownEvents, events, row => add(KnownEvent.Read(row)));
        if (!hasOldIds)
        {
            return;
        }

        var networks = events.DistinctBy(e => e.Id).ToDictionary(e => e.Id, e => e.Network);
        batch.Query(LedgerQueries.KnownBySentId, events, row =>
        {
            // An id of the hub's own is no network's, so a row found by one is an old one; another network's event of the same id is another event.
            if (KnownEvent.Read(row) is var known && known.Network == networks[known.Id])
            {
                add(known);
            }
        });
    }

    private void AddKnown(HubView view, KnownEvent known)
    {
        view.Events.Add(known.Id);
        view.Known[known.Id] = known with { RepeatedAt = caches.Repeated.TryGet(known.Id, out var last) ? last?.At : null };
    }

    private static void AddTarget(HubView view, LedgerTarget target) => view.Targets[(target.Event, target.Recipient)] = target;

    private static void Need<TKey, TValue>(
        StatementBatch batch, RowStatement<TKey> select, IEnumerable<TKey> keys, GenerationalCache<TKey, TValue> cache, Dictionary<TKey, TValue?> view, Func<DbDataReader, TValue> read, Func<TValue, TKey> keyOf)
        where TKey : notnull
        where TValue : class
    {
        var missing = new List<TKey>();
        foreach (var key in keys)
        {
            if (!cache.TryGet(key, out var value))
            {
                missing.Add(key);
            }

            view[key] = value;
        }

        batch.Query(select, missing, row =>
        {
            var value = read(row);
            view[keyOf(value)] = value;
        });
    }

    private void NeedConsents(StatementBatch batch, IEnumerable<(UserUri One, UserUri Other)> pairs, HubView view)
    {
        var missing = new List<(UserUri, UserUri)>();
        foreach (var (one, other) in pairs)
        {
            var key = HubCaches.PairOf(one, other);
            if (view.Consents.ContainsKey(key))
            {
                continue;
            }

            if (!caches.Consents.TryGet(key, out var known))
            {
                missing.Add((one, other));
            }

            view.Consents[key] = known ?? PairConsents.None;
        }

        batch.Query(ConsentStore.ByPair, missing, row =>
        {
            var entry = ConsentStore.Read(row);
            var key = HubCaches.PairOf(entry.Requester, entry.Target);
            view.Consents[key] = view.Consents[key].With(entry);
        });
    }

    private void NeedLists(StatementBatch batch, GroupNeeds needs, HubView view)
    {
        foreach (var user in needs.ContactsOf)
        {
            view.ContactsOf[user] = [];
        }

        NeedChains(batch, needs.Chains, view);
        batch.Query(
            Contacts.ByOwner, [.. needs.ContactsOf.Select(u => new ContactQuery(u, policy.Limits.MaxContactsTold))], row => view.ContactsOf[UserUri.Parse(row.GetString(0))].Add(UserUri.Parse(row.GetString(1))));
    }

    private static void NeedChains(StatementBatch batch, IEnumerable<UserUri> users, HubView view) => batch.Query(
        IdentityStore.ChainByOwner, [.. users.Where(u => view.Chains.TryAdd(u, []))], row => view.Chains[UserUri.Parse(row.GetString(0))] = StoredChain.Read(row.GetFieldValue<byte[]>(1)));

    private static void NeedKeyMaterial(StatementBatch batch, GroupNeeds needs, HubView view)
    {
        foreach (var owner in needs.Owners)
        {
            view.ClientsOf[owner] = [];
        }

        batch.Query(ClientStore.ByOwner, [.. needs.Owners], row =>
        {
            var client = ClientStore.Read(row);
            view.ClientsOf[client.Uri.Owner].Add(client);
        });
        batch.Query(KeyPackageStore.CountByClient, [.. needs.Publishers], row => AddCount(view, PoolCount.Read(row)));
        batch.Query(KeyPackageStore.Known, needs.Published, row => view.KnownPackages.Add(Convert.ToHexString(row.GetFieldValue<byte[]>(0))));
        batch.Query(KeyClaimStore.ByReference, [.. needs.Welcomed.DistinctBy(Convert.ToHexString)], row => KeyClaimStore.AddTo(view.Claims, KeyClaimStore.Read(row)));
    }

    // Only what the target consents to, or may by an event of this very group: for everybody else the way is the same whether there is such a user or not.
    private void NeedAsked(StatementBatch batch, GroupNeeds needs, HubView view, DateTimeOffset now)
    {
        var open = needs.Asked.Where(a => MayAsk(a.Requester, a.Target) || view.ConsentsOf(a.Requester, a.Target).Granted(a.Requester, a.Target, a.Room)).ToList();
        var owners = open.Select(a => a.Target).Distinct().ToList();
        var shown = needs.AskedLists.Where(a => MayAsk(a.Requester, a.Target) || view.ConsentsOf(a.Requester, a.Target).InContact(a.Requester, a.Target)).Select(a => a.Target);
        Need(batch, IdentityStore.ByOwner, owners.Where(o => !view.Identities.ContainsKey(o)), caches.Identities, view.Identities, IdentityStore.Read, i => i.User);
        NeedChains(batch, owners.Concat(shown), view);
        var unknown = owners.Where(o => view.ClientsOf.TryAdd(o, [])).ToList();
        batch.Query(ClientStore.ByOwner, unknown, row =>
        {
            var client = ClientStore.Read(row);
            view.ClientsOf[client.Uri.Owner].Add(client);
        });
        batch.Query(KeyPackageStore.ByOwner, [.. open.GroupBy(a => a.Target).Select(a => new PackageQuery(a.Key, Math.Min(a.Count(), policy.Limits.MaxKeyPackagesPerClient), now))], row =>
        {
            var package = KeyPackageStore.Read(row);
            (view.Pools.TryGetValue(package.Client, out var pool) ? pool : view.Pools[package.Client] = []).Add(package);
        });
        batch.Query(KeyPackageStore.CountByOwner, owners, row => AddCount(view, PoolCount.Read(row)));
        batch.Query(KeyClaimStore.Recent, [.. open.Select(a => new ClaimQuery(a.Requester, a.Target, now - TimeSpan.FromDays(1))).Distinct()], row =>
            view.RecentClaims[(UserUri.Parse(row.GetString(0)), ClientUri.Parse(row.GetString(1)))] = (int)row.GetInt64(2));

        bool MayAsk(UserUri requester, UserUri target) => requester == target || needs.Spoken.Contains(HubCaches.PairOf(requester, target));
    }

    private static void AddCount(HubView view, PoolCount count) => view.Counts[count.Client] = count;

    // What was read is as committed; only staging changes the view, and the caches learn of that after the commit.
    private void Remember(HubView view)
    {
        foreach (var (key, value) in view.Clients)
        {
            caches.Clients.Set(key, value);
        }

        foreach (var (key, value) in view.Rooms)
        {
            caches.Rooms.Set(key, value);
        }

        foreach (var (key, value) in view.Identities)
        {
            caches.Identities.Set(key, value);
        }

        foreach (var (key, value) in view.Conversations)
        {
            caches.Conversations.Set(key, value);
        }

        foreach (var (key, value) in view.Consents)
        {
            caches.Consents.Set(key, value);
        }
    }
}

using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>What one transaction changes of identities, and the clients that are gone with them; a part of <see cref="GroupWork"/>.</summary>
internal sealed class IdentityWork(HubView view)
{
    private readonly Dictionary<UserUri, (UserIdentity Identity, DeviceChain Chain)> lists = [];
    private readonly Dictionary<UserUri, UserIdentity> resets = [];
    private readonly HashSet<ClientUri> unregistered = [];

    public void Stage(IdentityChange change)
    {
        var user = change.Identity.User;
        var before = view.Identities[user];
        view.Identities[user] = change.Identity;
        if (change.Chain is { } chain)
        {
            lists[user] = (change.Identity, chain);
            view.Chains[user] = chain.Encoded;
        }

        if (before?.Reset != change.Identity.Reset || resets.ContainsKey(user))
        {
            resets[user] = change.Identity;
        }

        foreach (var client in change.Unregistered)
        {
            unregistered.Add(client.Uri);
            view.Clients[client.Uri] = null;
            view.ClientsOf[user].RemoveAll(c => c.Uri == client.Uri);
            view.Pools.Remove(client.Uri);
            view.Counts.Remove(client.Uri);
        }
    }

    /// <summary>Before clients and packages are inserted: a later event of the group may bring a client back.</summary>
    public StatementBatch AddTo(StatementBatch batch) => batch
        .Add(IdentityStore.Upsert, [.. lists.Values])
        .Add(IdentityStore.SetReset, [.. resets.Values])
        .Add(KeyPackageStore.DeleteByClient, [.. unregistered])
        .Add(ClientStore.Delete, [.. unregistered]);

    public void Committed(HubCaches caches, KnownLists known)
    {
        foreach (var user in lists.Keys.Concat(resets.Keys))
        {
            caches.Identities.Set(user, view.Identities[user]);
        }

        foreach (var client in unregistered)
        {
            caches.Clients.Set(client, null);
        }

        foreach (var (_, chain) in lists.Values)
        {
            known.Remember(chain);
        }
    }
}

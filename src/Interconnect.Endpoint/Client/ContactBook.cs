using System.Security.Cryptography;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>Who is known, what was allowed, and which keys they are known by: trust on first use, and nothing silently afterwards.</summary>
internal static class ContactBook
{
    public static ContactRecord Get(Work work, UserUri user) =>
        Tables.Contacts.Get(work.Store, user.Value) ?? new ContactRecord(user.Value) { AddedAt = work.NowMs };

    public static void Put(Work work, ContactRecord contact) => Tables.Contacts.Put(work.Store, contact);

    /// <summary>
    /// Notes the keys that a contact's clients were seen with. The first ones are taken as theirs; a different key later, or a client that was not there, becomes a
    /// candidate that blocks sending until the user confirms it.
    /// </summary>
    public static ContactRecord Observe(Work work, UserUri user, IEnumerable<SeenKey> seen)
    {
        var contact = Get(work, user);
        var first = contact.Clients.All(client => client.Key.Length == 0);
        var clients = contact.Clients.ToList();
        var changed = false;
        foreach (var key in seen)
        {
            var at = clients.FindIndex(client => client.Client == key.Client.Value);
            if (at < 0)
            {
                clients.Add(new PinnedClient(key.Client.Value, key.Suite, first ? key.Key.ToArray() : [], first ? null : key.Key.ToArray(), work.NowMs));
                changed |= !first;
            }
            else if (!Same(clients[at].Key, key.Key) && !(clients[at].Candidate is { } candidate && Same(candidate, key.Key)))
            {
                clients[at] = clients[at] with { Candidate = key.Key.ToArray(), Suite = key.Suite, SeenAt = work.NowMs };
                changed = true;
            }
        }

        var updated = contact with { Clients = clients };
        Put(work, updated);
        if (changed)
            work.Raise(new EndpointEvent.KeyChanged(work.Now, user));

        return updated;
    }

    /// <summary>Takes the candidates as the contact's keys; false when there are none.</summary>
    public static bool Confirm(Work work, UserUri user)
    {
        var contact = Get(work, user);
        if (!contact.Blocked)
            return false;

        Put(work, contact with { Clients = [.. contact.Clients.Select(client => client.Candidate is { } key ? client with { Key = key, Candidate = null } : client)] });
        return true;
    }

    /// <summary>True when every one of the group's members that is the contact's has the key it is known by.</summary>
    public static bool Knows(ContactRecord contact, MlsGroup group) => group.Members.All(member =>
        CredentialCheck.TryGetClient(member.Credential, out var client)
        && (client.Owner.Value != contact.User || contact.Clients.Any(pinned => pinned.Client == client.Value && Same(pinned.Key, member.SignatureKey))));

    /// <summary>The keys of a user's clients in a group.</summary>
    public static IEnumerable<SeenKey> KeysOf(UserUri user, MlsGroup group)
    {
        foreach (var member in group.Members)
        {
            if (CredentialCheck.TryGetClient(member.Credential, out var client) && client.Owner == user)
                yield return new SeenKey(client, group.Suite.Id, member.SignatureKey);
        }
    }

    public static Contact ToPublic(ContactRecord contact) => new(
        UserUri.Parse(contact.User), contact.Theirs, contact.Ours, contact.Clients.Count, contact.Blocked, DateTimeOffset.FromUnixTimeMilliseconds(contact.AddedAt));

    private static bool Same(ReadOnlySpan<byte> one, ReadOnlyMemory<byte> other) => CryptographicOperations.FixedTimeEquals(one, other.Span);
}

/// <summary>A key that a client was seen with.</summary>
internal readonly record struct SeenKey(ClientUri Client, ushort Suite, ReadOnlyMemory<byte> Key);

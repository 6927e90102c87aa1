using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Who is known and what was allowed. Whose key is whose is the <see cref="IdentityBook"/>'s.</summary>
internal static class ContactBook
{
    public static ContactRecord Get(Work work, UserUri user) =>
        Tables.Contacts.Get(work.Store, user.Value) ?? new ContactRecord(user.Value) { AddedAt = work.NowMs };

    public static void Put(Work work, ContactRecord contact) => Tables.Contacts.Put(work.Store, contact);

    public static Contact ToPublic(ContactRecord contact, DeviceChain? chain) => new(
        UserUri.Parse(contact.User), contact.Theirs, contact.Ours, chain?.Newest.List.Devices.Select(d => d.Client).Distinct().Count() ?? 0, contact.Blocked,
        DateTimeOffset.FromUnixTimeMilliseconds(contact.AddedAt))
    {
        Verified = contact.Verified,
        Forked = contact.Fork is not null,
    };
}

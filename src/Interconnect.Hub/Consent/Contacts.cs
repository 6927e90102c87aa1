using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>Whose contacts are asked for, and how many at most.</summary>
internal sealed record ContactQuery(UserUri Owner, int Most);

/// <summary>
/// Who is told when a user's devices change: the user's own account, and who is in contact by consent given either way, the newest first. A room needs such a consent, so who shares one is
/// among them; who is beyond the bound meets the lists in what they rest on.
/// </summary>
internal static class Contacts
{
    /// <summary>A contact that one side closed for everything is none; narrower words do not hide a device that is gone.</summary>
    public static readonly RowStatement<ContactQuery> ByOwner = new(
        """
        SELECT owner, other FROM (
            SELECT owner, other, most, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY MAX(changed_ms) DESC, other) AS place FROM (
                SELECT given.owner, given.most, c.target AS other, MAX(c.changed_ms) AS changed_ms
                FROM given JOIN hub_consents c ON c.requester = given.owner
                GROUP BY given.owner, given.most, c.target HAVING MAX(CASE c.asking WHEN 1 THEN 1 ELSE 0 END) + MAX(CASE c.answer WHEN 1 THEN 1 ELSE 0 END) = 2
                UNION ALL
                SELECT given.owner, given.most, c.requester AS other, MAX(c.changed_ms) AS changed_ms
                FROM given JOIN hub_consents c ON c.target = given.owner
                GROUP BY given.owner, given.most, c.requester HAVING MAX(CASE c.asking WHEN 1 THEN 1 ELSE 0 END) + MAX(CASE c.answer WHEN 1 THEN 1 ELSE 0 END) = 2) AS granted
            WHERE NOT EXISTS (
                SELECT 1 FROM hub_consents w WHERE w.room = '' AND (w.asking = 2 OR w.answer = 2)
                AND ((w.requester = granted.owner AND w.target = granted.other) OR (w.requester = granted.other AND w.target = granted.owner)))
            GROUP BY owner, other, most) AS ranked
        WHERE place <= most ORDER BY owner, place
        """,
        RowColumn<ContactQuery>.Text("owner", q => q.Owner.Value),
        RowColumn<ContactQuery>.Number("most", q => q.Most));

    /// <summary>The sender's own account and contacts, as far as they can be reached. What the group itself changed counts.</summary>
    public static IReadOnlyList<UserUri> ToTell(PreparedEvent prepared, HubView view, HubPolicy policy)
    {
        var sender = prepared.Envelope.Sender!;
        var changed = view.Consents.Values.SelectMany(p => p.Entries).Where(e => e.Requester == sender || e.Target == sender).Select(e => e.Requester == sender ? e.Target : e.Requester).ToHashSet();
        var told = view.ContactsOf[sender].Where(c => !changed.Contains(c)).Concat(changed.Where(c => view.ConsentsOf(sender, c).InContact(sender, c)));
        return [sender, .. told.Where(c => policy.Peering(sender, c, prepared.Envelope.Proof!.CipherSuite) is null).Take(policy.Limits.MaxContactsTold)];
    }
}

using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What one transaction has for each network, in order, before it is cut into pages.</summary>
internal sealed class OutboxDraft
{
    private readonly Dictionary<NetworkId, List<OutboxEntry>> byNetwork = [];

    public void Add(NetworkId network, OutboxEntry entry) => (byNetwork.TryGetValue(network, out var entries) ? entries : byNetwork[network] = []).Add(entry);

    /// <summary>Pages of bounded size, numbered in the order of each network's entries.</summary>
    public IReadOnlyList<OutboxPage> ToPages(HubNumbers numbers, DateTimeOffset now) => [.. byNetwork.SelectMany(n => Split(n.Key, n.Value, numbers, now))];

    private static IEnumerable<OutboxPage> Split(NetworkId network, List<OutboxEntry> entries, HubNumbers numbers, DateTimeOffset now)
    {
        var page = new List<OutboxEntry>();
        long bytes = 0;
        foreach (var entry in entries)
        {
            if (page.Count > 0 && (page.Count >= OutboxPage.MaxEntries || bytes + entry.Body.Length > OutboxPage.MaxBytes))
            {
                yield return new OutboxPage(++numbers.Page, network, page, now);
                page = [];
                bytes = 0;
            }

            page.Add(entry);
            bytes += entry.Body.Length;
        }

        yield return new OutboxPage(++numbers.Page, network, page, now);
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Federation;

/// <summary>
/// Device lists that travel with an event, of one user or several: each user's era from its first list, one user after another. They prove themselves, so whoever
/// carries them can leave them out or show old ones and nothing else.
/// </summary>
public static class AttachedLists
{
    /// <summary>Most lists of one event.</summary>
    public const int MaxLists = 2 * DeviceChain.MaxLists;

    /// <summary>Most bytes of all lists of one event.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Puts chains together; of users that stand twice the first chain counts.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Of(params IEnumerable<DeviceChain?> chains) => [.. chains.OfType<DeviceChain>().DistinctBy(c => c.User).SelectMany(c => c.Encoded)];

    /// <summary>Takes them apart by user, in their order; nothing is verified. False when one cannot be read or a user's lists do not stand together.</summary>
    public static bool TryGroup(
        IReadOnlyList<ReadOnlyMemory<byte>> lists, [NotNullWhen(true)] out IReadOnlyList<(UserUri User, IReadOnlyList<ReadOnlyMemory<byte>> Lists)>? byUser, [NotNullWhen(false)] out SchemaError? error)
    {
        byUser = null;
        var groups = new List<(UserUri User, IReadOnlyList<ReadOnlyMemory<byte>> Lists)>();
        foreach (var encoded in lists)
        {
            if (!SignedDeviceList.TryDecode(encoded, out var list, out error))
            {
                return false;
            }

            if (groups.Count > 0 && groups[^1].User == list.List.User)
            {
                ((List<ReadOnlyMemory<byte>>)groups[^1].Lists).Add(encoded);
            }
            else if (groups.Exists(g => g.User == list.List.User))
            {
                error = new SchemaError("DEV-004", "A user's lists stand together", "device_lists");
                return false;
            }
            else
            {
                groups.Add((list.List.User, new List<ReadOnlyMemory<byte>> { encoded }));
            }
        }

        error = null;
        byUser = groups;
        return true;
    }
}

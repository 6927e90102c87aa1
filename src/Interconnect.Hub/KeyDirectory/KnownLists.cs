using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub;

/// <summary>
/// Verifies device lists outside the transaction, and remembers the chains that were accepted last so that what a user shows again costs nothing: a chain proves itself, so nothing in
/// here has to agree with the database. Bounded by number, and long chains are not kept. Thread-safe.
/// </summary>
internal sealed class KnownLists(int capacity)
{
    /// <summary>What a hub keeps in each of two generations.</summary>
    public const int Kept = 1_000;

    private const int MostBytes = 64 * 1024;

    private readonly Lock gate = new();
    private readonly GenerationalCache<UserUri, DeviceChain> chains = new(2L * capacity, static (_, _) => 1);

    /// <summary>Checks one signature of a list or an objection.</summary>
    public static bool Check(ushort suite, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        CipherSuite.TryGet(suite, out var known) && known.VerifyWithLabel(key, label, content, signature);

    /// <summary>Reads and verifies what <paramref name="sender"/> brings. Lists of anybody else are not verified at all.</summary>
    public ListFacts Examine(DeviceListUpdate update, UserUri sender, FrameVerifiers verifiers, DateTimeOffset now)
    {
        if (!AttachedLists.TryGroup(update.Lists, out var users, out var error))
        {
            return new ListFacts(null, error.RuleId);
        }

        if (users.Any(u => u.User != sender))
        {
            return new ListFacts(null, null) { IsForeign = true };
        }

        return DeviceChain.TryRead(update.Lists, verifiers.Check, now, Find(sender), out var chain, out error) ? new ListFacts(chain, null) : new ListFacts(null, error.RuleId);
    }

    /// <summary>The lists of <paramref name="update"/> whose signatures have to be checked, as far as they can be read.</summary>
    public IEnumerable<SignedDeviceList> Unknown(DeviceListUpdate update, UserUri sender)
    {
        var known = Find(sender);
        var place = 0;
        foreach (var encoded in update.Lists)
        {
            if (!SignedDeviceList.TryDecode(encoded, out var list, out _) || list.List.User != sender)
            {
                yield break;
            }

            known = place < known?.Lists.Count && known.Lists[place].Is(list) ? known : null;
            place++;
            if (known is null)
            {
                yield return list;
            }
        }
    }

    public void Remember(DeviceChain chain)
    {
        if (chain.Lists.Sum(l => l.Encoded.Length) > MostBytes)
        {
            return;
        }

        lock (gate)
        {
            chains.Set(chain.User, chain);
        }
    }

    private DeviceChain? Find(UserUri user)
    {
        lock (gate)
        {
            return chains.TryGet(user, out var chain) ? chain : null;
        }
    }
}

/// <summary>What is known of a device list update without the hub's state.</summary>
/// <param name="Chain">The lists, verified; null when they are not what they should be.</param>
/// <param name="Error">The rule of Interconnect.Federation that was broken; null when none.</param>
internal sealed record ListFacts(DeviceChain? Chain, string? Error)
{
    /// <summary>Lists of somebody else than the sender; nothing else is known of them then.</summary>
    public bool IsForeign { get; init; }
}

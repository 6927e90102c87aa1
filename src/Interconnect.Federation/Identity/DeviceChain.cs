using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Federation;

/// <summary>
/// One era of a user's device lists, verified: the first signed by the identity key, each next by a device that the one before lets authorise. What somebody shows as
/// a user's devices is always a whole era, so every reader can judge it alone; which of two is the newer, and whether they contradict each other, is said by
/// <see cref="Compare"/>. Immutable.
/// </summary>
public sealed class DeviceChain
{
    /// <summary>Most lists of an era; then the identity key has to open the next one.</summary>
    public const int MaxLists = 200;

    /// <summary>How far a list may be dated ahead of the reader's clock.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromHours(1);

    private DeviceChain(IReadOnlyList<SignedDeviceList> lists) => Lists = lists;

    /// <summary>All lists of the era, from its first.</summary>
    public IReadOnlyList<SignedDeviceList> Lists { get; }

    /// <summary>The newest list.</summary>
    public SignedDeviceList Newest => Lists[^1];

    /// <summary>Whose devices.</summary>
    public UserUri User => Newest.List.User;

    /// <summary>Under which identity.</summary>
    public ReadOnlyMemory<byte> IdentityKey => Newest.List.IdentityKey;

    /// <summary>The lists as they travel.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Encoded => [.. Lists.Select(l => l.Encoded)];

    /// <summary>Reads and verifies an era.</summary>
    /// <param name="encoded">Its lists from the first on.</param>
    /// <param name="check">Checks signatures.</param>
    /// <param name="now">Lists dated ahead of this are refused.</param>
    /// <param name="known">A chain that was verified before: lists that it has are not verified again. Null for none.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="error">Which rule was broken; the path tells the list by its place.</param>
    public static bool TryRead(
        IReadOnlyList<ReadOnlyMemory<byte>> encoded, SignatureCheck check, DateTimeOffset now, DeviceChain? known, [NotNullWhen(true)] out DeviceChain? chain, [NotNullWhen(false)] out SchemaError? error)
    {
        chain = null;
        if (encoded.Count is 0 or > MaxLists)
        {
            error = new SchemaError("DEV-002", $"A chain has 1 to {MaxLists} lists", "device_lists");
            return false;
        }

        var lists = new List<SignedDeviceList>(encoded.Count);
        var isKnown = true;
        for (var i = 0; i < encoded.Count; i++)
        {
            if (!SignedDeviceList.TryDecode(encoded[i], out var list, out error))
            {
                error = error with { Path = $"device_lists[{i}].{error.Path}" };
                return false;
            }

            isKnown = isKnown && i < known?.Lists.Count && known.Lists[i].Is(list);
            error = isKnown ? null : (i == 0 ? First(list, check) : Next(lists[^1], list, check)) ?? Ahead(list, now);
            if (error is not null)
            {
                error = error with { Path = $"device_lists[{i}]" };
                return false;
            }

            lists.Add(list);
        }

        error = null;
        chain = new DeviceChain(lists);
        return true;
    }

    /// <summary>A new identity, or a new era of one, that its owner has just signed.</summary>
    public static DeviceChain Begin(SignedDeviceList first) =>
        first.List.Version == 0 && first.Signer is null ? new DeviceChain([first]) : throw new ArgumentException("An era begins with a list that the identity key signs.", nameof(first));

    /// <summary>The same chain with the list that its owner has just signed.</summary>
    /// <exception cref="ArgumentException">The list does not follow.</exception>
    public DeviceChain Append(SignedDeviceList next, SignatureCheck check) =>
        Lists.Count < MaxLists && Next(Newest, next, check) is null ? new DeviceChain([.. Lists, next]) : throw new ArgumentException("The list does not follow the newest one.", nameof(next));

    /// <summary>Whether the newest list names exactly this client with exactly this key.</summary>
    public bool Names(ClientUri client, ushort suite, ReadOnlySpan<byte> key) => Newest.List.Names(client, suite, key);

    /// <summary>Whether a first contact may still rest on the newest list.</summary>
    public bool IsFresh(DateTimeOffset now) => Newest.List.FreshUntil > now;

    /// <summary>How a chain that somebody shows stands to this one, which is the newest known.</summary>
    public ChainStep Compare(DeviceChain shown)
    {
        if (shown.User != User || !shown.IdentityKey.Span.SequenceEqual(IdentityKey.Span))
        {
            return new ChainStep.OtherIdentity();
        }

        if (shown.Newest.List.Era != Newest.List.Era)
        {
            return shown.Newest.List.Era > Newest.List.Era ? new ChainStep.Newer() : new ChainStep.Older();
        }

        for (var i = 0; i < Math.Min(Lists.Count, shown.Lists.Count); i++)
        {
            if (!Lists[i].Is(shown.Lists[i]))
            {
                return new ChainStep.Fork(Lists[i], shown.Lists[i]);
            }
        }

        return shown.Lists.Count == Lists.Count ? new ChainStep.Same() : shown.Lists.Count > Lists.Count ? new ChainStep.Newer() : new ChainStep.Older();
    }

    private static SchemaError? First(SignedDeviceList list, SignatureCheck check)
    {
        if (list.List.Version != 0 || list.Signer is not null)
        {
            return Refuse("DEV-010", "An era begins with a list that the identity key signs");
        }

        return IsSigned(list, list.List.IdentityKey, SignedDeviceList.IdentityLabel, check) ? null : Refuse("DEV-011", "The list's signature does not verify");
    }

    private static SchemaError? Next(SignedDeviceList before, SignedDeviceList list, SignatureCheck check)
    {
        var (old, young) = (before.List, list.List);
        if (young.User != old.User || !young.IdentityKey.Span.SequenceEqual(old.IdentityKey.Span))
        {
            return Refuse("DEV-014", "The lists of a chain are one user's under one identity");
        }

        if (young.Era != old.Era || young.Version != old.Version + 1 || !young.Previous.Span.SequenceEqual(before.Hash.Span))
        {
            return Refuse("DEV-013", "The list does not follow the one before");
        }

        if (young.IssuedAt < old.IssuedAt)
        {
            return Refuse("DEV-016", "The list is dated before the one before");
        }

        if (list.Signer is not { } signer || old.Find(signer, list.SignerSuite) is not { Authorises: true } device)
        {
            return Refuse("DEV-012", "The signer is no device that the list before lets authorise");
        }

        return HasLost(old, young) ? Refuse("DEV-015", "A device left the list without being removed, or a removed one came back")
            : IsSigned(list, device.SignatureKey, SignedDeviceList.DeviceLabel, check) ? null
            : Refuse("DEV-011", "The list's signature does not verify");
    }

    // A client that is gone stays gone for this era, and a device keeps its key: another key is another device.
    private static bool HasLost(DeviceList old, DeviceList young)
    {
        var removed = young.Removed.ToHashSet();
        return old.Removed.Any(c => !removed.Contains(c))
            || old.Devices.Any(d => !removed.Contains(d.Client) && (young.Find(d.Client, d.Suite) is not { } kept || !kept.SignatureKey.Span.SequenceEqual(d.SignatureKey.Span)));
    }

    private static SchemaError? Ahead(SignedDeviceList list, DateTimeOffset now) =>
        list.List.IssuedAt > now + MaxAhead ? Refuse("DEV-018", "The list is dated ahead of the clock") : null;

    private static bool IsSigned(SignedDeviceList list, ReadOnlyMemory<byte> key, string label, SignatureCheck check) =>
        check(list.SignerSuite, key.Span, label, list.SignedContent.Span, list.Signature.Span);

    private static SchemaError Refuse(string rule, string reason) => new(rule, reason, "");
}

/// <summary>How a chain that somebody shows stands to the newest one known. A closed set.</summary>
public abstract record ChainStep
{
    private ChainStep()
    {
    }

    /// <summary>The same lists.</summary>
    public sealed record Same : ChainStep;

    /// <summary>It goes further, or opens a later era.</summary>
    public sealed record Newer : ChainStep;

    /// <summary>It ends earlier: late, or rolled back.</summary>
    public sealed record Older : ChainStep;

    /// <summary>Two lists with one place contradict each other: evidence against who signed them, until a later era.</summary>
    /// <param name="Known">The one that was known.</param>
    /// <param name="Shown">The other.</param>
    public sealed record Fork(SignedDeviceList Known, SignedDeviceList Shown) : ChainStep;

    /// <summary>Another identity key, or another user.</summary>
    public sealed record OtherIdentity : ChainStep;
}

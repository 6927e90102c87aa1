namespace Interconnect.Federation;

/// <summary>
/// An address as its own network writes it. Only the network's adapter makes and reads these; past the adapter there are <see cref="UserUri"/>s.
/// </summary>
/// <param name="Network">The network it belongs to.</param>
/// <param name="Original">As received, for handing back to the network unchanged; at most 3,071 characters (the longest JID).</param>
/// <param name="Canonical">The adapter's one normal form; equality is by it.</param>
public sealed record NativeAddress(NetworkId Network, string Original, string Canonical)
{
    /// <summary>Longest address in characters.</summary>
    public const int MaxLength = 3071;

    /// <summary>Same network and same canonical form.</summary>
    public bool Equals(NativeAddress? other) => other is not null && other.Network == Network && other.Canonical == Canonical;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Network, Canonical);

    /// <summary>Redacted: an address is a personal identifier.</summary>
    public override string ToString() => $"NativeAddress({Network})";
}

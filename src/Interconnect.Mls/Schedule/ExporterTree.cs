using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Schedule;

/// <summary>
/// The exporter tree of an epoch (draft-ietf-mls-extensions-10 section 4.4): built as the secret tree, with a leaf for each of the 2^16 components. Held are the
/// secrets of the highest nodes below which nothing was exported yet, by node number. Immutable; an export uses up its path.
/// </summary>
internal sealed class ExporterTree
{
    public const uint Leaves = 1 << 16;

    private readonly ImmutableSortedDictionary<uint, byte[]> held;

    internal ExporterTree(ImmutableSortedDictionary<uint, byte[]> held) => this.held = held;

    /// <summary>A tree that exports nothing.</summary>
    public static ExporterTree Spent { get; } = new(ImmutableSortedDictionary<uint, byte[]>.Empty);

    /// <summary>Node number to secret.</summary>
    public IReadOnlyDictionary<uint, byte[]> Held => held;

    /// <param name="applicationExportSecret">Taken over: erased when the first secret is exported.</param>
    public static ExporterTree Start(byte[] applicationExportSecret) =>
        applicationExportSecret.Length == 0 ? Spent : new(Spent.held.Add(TreeMath.Root(Leaves), applicationExportSecret));

    /// <summary>SafeExportSecret(component). Refuses a second export (MLS-911).</summary>
    public (ExporterTree Next, byte[] Secret) Export(CipherSuite suite, ushort component, ConsumedSecrets consumed)
    {
        uint? above = null;
        for (uint? node = 2u * component; node is { } at; node = TreeMath.Parent(at, Leaves))
        {
            if (held.ContainsKey(at))
            {
                above = at;
                break;
            }
        }

        Rules.SafeExportOnce.Require(above is not null);
        var place = above!.Value;
        var secret = held[place];
        var next = held.Remove(place);
        while (TreeMath.Level(place) > 0)
        {
            var left = suite.Kdf.ExpandWithLabel(secret, "tree"u8, "left"u8, suite.Hash.Size);
            var right = suite.Kdf.ExpandWithLabel(secret, "tree"u8, "right"u8, suite.Hash.Size);
            consumed.Add(secret);
            var goesLeft = 2u * component < place;
            var other = goesLeft ? TreeMath.Right(place)!.Value : TreeMath.Left(place)!.Value;
            next = next.Add(other, goesLeft ? right : left);
            place = goesLeft ? TreeMath.Left(place)!.Value : TreeMath.Right(place)!.Value;
            secret = goesLeft ? left : right;
        }

        var exported = (byte[])secret.Clone();
        consumed.Add(secret);
        return (new ExporterTree(next), exported);
    }

    public IEnumerable<byte[]> AllSecrets() => held.Values;

    public override string ToString() => "exporter tree (redacted)";
}

using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// Where a leaf node came from, with what that brings (RFC 9420 section 7.2). Closed set.
/// <c>select (leaf_node_source) { key_package(1): Lifetime; update(2): empty; commit(3): opaque parent_hash&lt;V&gt;; }</c>
/// </summary>
internal abstract record LeafNodeSource
{
    private LeafNodeSource()
    {
    }

    /// <summary>struct { uint64 not_before; uint64 not_after; } Lifetime, in seconds since 1970.</summary>
    internal sealed record KeyPackage(ulong NotBefore, ulong NotAfter) : LeafNodeSource
    {
        /// <summary>The range is open by the tolerance at both ends.</summary>
        public bool Covers(DateTimeOffset now, TimeSpan tolerance)
        {
            var early = (now - tolerance).ToUnixTimeSeconds();
            var late = (now + tolerance).ToUnixTimeSeconds();
            return late >= 0 && NotBefore <= (ulong)late && (early < 0 || NotAfter >= (ulong)early);
        }

        /// <summary>Whether the total is within the application's maximum (RFC 9420 section 7.2); <see cref="TimeSpan.MaxValue"/> is none.</summary>
        public bool Fits(TimeSpan most) => most == TimeSpan.MaxValue || (NotAfter >= NotBefore && NotAfter - NotBefore <= (ulong)most.TotalSeconds);
    }

    internal sealed record Update : LeafNodeSource;

    internal sealed record Commit(ReadOnlyMemory<byte> ParentHash) : LeafNodeSource;

    public static LeafNodeSource Read(ref MlsReader reader)
    {
        switch (reader.U8("leaf_node_source"))
        {
            case 1:
                return new KeyPackage(reader.U64("not_before"), reader.U64("not_after"));
            case 2:
                return new Update();
            case 3:
                return new Commit(reader.Opaque("parent_hash"));
            default:
                throw reader.Refusal(Rules.UnknownValue, "leaf_node_source");
        }
    }

    public void Write(MlsWriter writer)
    {
        switch (this)
        {
            case KeyPackage lifetime:
                writer.U8(1);
                writer.U64(lifetime.NotBefore);
                writer.U64(lifetime.NotAfter);
                break;
            case Update:
                writer.U8(2);
                break;
            case Commit commit:
                writer.U8(3);
                writer.Opaque(commit.ParentHash);
                break;
        }
    }
}

using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Persists an exporter tree: node number and secret of each held node, by number. A used secret is in none of them.</summary>
internal static class ExporterTreeCodec
{
    public static void Write(MlsWriter writer, ExporterTree exporter)
    {
        var mark = writer.BeginVector();
        foreach (var (node, secret) in exporter.Held)
        {
            writer.U32(node);
            writer.Opaque(secret);
        }

        writer.EndVector(mark);
    }

    public static ExporterTree Read(ref MlsReader reader, CipherSuite suite)
    {
        var held = ImmutableSortedDictionary.CreateBuilder<uint, byte[]>();
        var outer = reader.BeginVector("exporter_tree");
        while (!reader.AtEnd)
        {
            var node = reader.U32("node");
            var secret = reader.Opaque("secret").ToArray();
            Rules.StateConsistent.Require(node < TreeMath.NodeCount(ExporterTree.Leaves) && secret.Length == suite.Hash.Size && held.TryAdd(node, secret));
        }

        reader.EndVector(outer);
        return new ExporterTree(held.ToImmutable());
    }
}

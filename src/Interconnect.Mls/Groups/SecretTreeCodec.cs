using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// The persisted form of a secret tree: nodes from the root down, each <c>uint8 kind</c>: 1 = closed, with its secret; 2 = open, with its children; 3 = leaf, with its
/// ratchets. A used secret is in none of them.
/// </summary>
internal static class SecretTreeCodec
{
    public static void Write(MlsWriter writer, SecretTree tree) => WriteNode(writer, tree.RootNode);

    public static SecretTree Read(ref MlsReader reader, CipherSuite suite, uint leafCount)
    {
        reader.Enter("secret_tree");
        var root = ReadNode(ref reader, suite, TreeMath.Root(leafCount));
        reader.Leave();
        return new SecretTree(leafCount, root);
    }

    private static void WriteNode(MlsWriter writer, SecretNode node)
    {
        switch (node)
        {
            case SecretNode.Seed seed:
                writer.U8(1);
                writer.Opaque(seed.Secret);
                break;
            case SecretNode.Inner inner:
                writer.U8(2);
                WriteNode(writer, inner.Left);
                WriteNode(writer, inner.Right);
                break;
            case SecretNode.Leaf leaf:
                writer.U8(3);
                WriteRatchet(writer, leaf.Handshake);
                WriteRatchet(writer, leaf.Application);
                break;
        }
    }

    private static SecretNode ReadNode(ref MlsReader reader, CipherSuite suite, uint index)
    {
        var kind = reader.U8("kind");
        switch (kind)
        {
            case 1:
                return new SecretNode.Seed(ReadSecret(ref reader, suite.Hash.Size));
            case 2 when TreeMath.Left(index) is { } left:
                return new SecretNode.Inner(ReadNode(ref reader, suite, left), ReadNode(ref reader, suite, TreeMath.Right(index)!.Value));
            case 3 when TreeMath.Level(index) == 0:
                return new SecretNode.Leaf(ReadRatchet(ref reader, suite), ReadRatchet(ref reader, suite));
            default:
                throw reader.Refusal(Rules.StateConsistent, "kind");
        }
    }

    private static void WriteRatchet(MlsWriter writer, SecretRatchet ratchet)
    {
        writer.Opaque(ratchet.Secret);
        writer.U32(ratchet.Generation);
        var mark = writer.BeginVector();
        foreach (var (generation, key) in ratchet.Skipped)
        {
            writer.U32(generation);
            writer.Opaque(key.Key);
            writer.Opaque(key.Nonce);
        }

        writer.EndVector(mark);
    }

    private static SecretRatchet ReadRatchet(ref MlsReader reader, CipherSuite suite)
    {
        var secret = ReadSecret(ref reader, suite.Hash.Size);
        var next = reader.U32("generation");
        var skipped = ImmutableSortedDictionary.CreateBuilder<uint, MessageKey>();
        var outer = reader.BeginVector("skipped");
        while (!reader.AtEnd)
        {
            var generation = reader.U32("generation");
            var key = ReadSecret(ref reader, suite.Aead.KeySize);
            skipped[generation] = new MessageKey(key, ReadSecret(ref reader, Crypto.AeadAlgorithm.NonceSize));
            Rules.StateConsistent.Require(generation < next);
        }

        reader.EndVector(outer);
        return new SecretRatchet(secret, next, skipped.ToImmutable());
    }

    private static byte[] ReadSecret(ref MlsReader reader, int size)
    {
        var secret = reader.Opaque("secret").ToArray();
        Rules.StateConsistent.Require(secret.Length == size);
        return secret;
    }
}

using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>What a tree knows of its keys after any change is what it would find by looking at every node.</summary>
public sealed class KeyIndexTests
{
    private readonly Person[] people = Enumerable.Range(0, 12).Select(i => new Person($"m{i}")).ToArray();
    private readonly List<ReadOnlyMemory<byte>> keys = [];
    private int made;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Tree_AfterRandomChanges_KnowsItsKeys(int seed)
    {
        var random = new Random(seed);
        var tree = RatchetTree.OfOne(people[0].Client.Suite, Leaf(people[0]));
        var waiting = new Queue<Person>(people.Skip(1));
        for (var step = 0; step < 120; step++)
        {
            var members = tree.Leaves().Select(item => item.Index).ToList();
            var leaf = members[random.Next(members.Count)];
            var person = Array.Find(people, person => person.Key.PublicKey.Span.SequenceEqual(tree.Leaf(leaf)!.SignatureKey.Span))!;
            switch (random.Next(4))
            {
                case 0 when waiting.TryDequeue(out var joiner):
                    tree = tree.Add(Leaf(joiner), out _);
                    break;
                case 1 when members.Count > 1:
                    tree = tree.Remove(leaf);
                    waiting.Enqueue(person);
                    break;
                case 2:
                    tree = tree.Update(leaf, Leaf(person));
                    break;
                default:
                    tree = tree.WithPath(leaf, Leaf(person), tree.FilteredDirectPath(leaf).ToDictionary(item => item.Node, _ => Parent()));
                    break;
            }

            AssertKnowsItsKeys(tree);
        }
    }

    [Fact]
    public void Tree_WhoseEmptyHalvesFallAway_ForgetsTheirKeys()
    {
        // A parent over an empty half is in no tree that was made by the rules; one that was given may have it.
        var left = Subtree.Join(Parent(), Subtree.Join(null, Subtree.OfLeaf(0, Leaf(people[0])), Subtree.OfLeaf(1, Leaf(people[1]))), Subtree.Empty(2, 2));
        var right = Subtree.Join(null, Subtree.Join(null, Subtree.OfLeaf(4, Leaf(people[2])), Subtree.OfLeaf(5, null)), Subtree.Empty(6, 2));
        var tree = RatchetTree.FromRoot(people[0].Client.Suite, Subtree.Join(Parent(), left, right));
        AssertKnowsItsKeys(tree);
        var shorter = tree.Remove(4);
        Assert.Equal(2u, shorter.LeafCount);
        AssertKnowsItsKeys(shorter);
    }

    private void AssertKnowsItsKeys(RatchetTree tree)
    {
        var anew = RatchetTree.FromRoot(tree.Suite, tree.At(TreeMath.Root(tree.LeafCount)));
        foreach (var key in keys)
        {
            Assert.Equal(anew.HasEncryptionKey(key), tree.HasEncryptionKey(key));
        }

        foreach (var person in people)
        {
            Assert.Equal(anew.FindSignatureKey(person.Key.PublicKey), tree.FindSignatureKey(person.Key.PublicKey));
        }

        Assert.True(tree.HasDistinctEncryptionKeys && tree.HasDistinctSignatureKeys);
    }

    private LeafNode Leaf(Person person) => Forge.Leaf(person, Forge.Lifetime, encryptionKey: Key());

    private ParentNode Parent() => new(Key(), ReadOnlyMemory<byte>.Empty, []);

    private byte[] Key()
    {
        var key = new byte[32];
        BitConverter.TryWriteBytes(key, ++made);
        keys.Add(key);
        return key;
    }
}

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>Changes values by their grammar: what comes out is mostly well formed, so it gets past the decoders, and sometimes malformed in one place.</summary>
internal sealed class Mutator(int seed)
{
    private readonly Random random = new(seed);
    private readonly Dictionary<Shape, List<Node>> pool = [];

    /// <summary>Lets parts of this value appear in others.</summary>
    public Node Learn(Shape shape, byte[] genuine)
    {
        var node = Node.Parse(shape, genuine);
        foreach (var part in node.All())
        {
            if (!pool.TryGetValue(part.Shape, out var parts))
            {
                pool[part.Shape] = parts = [];
            }

            parts.Add(part.Clone());
        }

        return node;
    }

    /// <summary>A copy with one to three changes.</summary>
    public Node Mutate(Node genuine)
    {
        var copy = genuine.Clone();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            // Below the root: a message of another kind is no change.
            var nodes = copy.All().Skip(2).ToList();
            Change(nodes[random.Next(nodes.Count)]);
        }

        return copy;
    }

    /// <summary>Any value of a shape.</summary>
    public Node Generate(Shape shape, int depth = 0)
    {
        var node = new Node(shape);
        switch (shape)
        {
            case Shape.Number number:
                node.Value = AnyNumber(number.Size);
                break;
            case Shape.Opaque { Inner: { } inner }:
                node.Children.Add(Generate(inner, depth + 1));
                break;
            case Shape.Opaque:
                node.Bytes = AnyBytes();
                break;
            case Shape.Vector vector:
                for (var count = depth > 8 ? 0 : random.Next(3); count > 0; count--)
                {
                    node.Children.Add(Generate(vector.Element, depth + 1));
                }

                break;
            case Shape.Optional optional:
                node.Value = depth > 8 ? 0 : (ulong)random.Next(2);
                if (node.Value == 1)
                {
                    node.Children.Add(Generate(optional.Inner, depth + 1));
                }

                break;
            case Shape.Struct structure:
                node.Children.AddRange(structure.Fields.Select(field => Generate(field, depth + 1)));
                break;
            case Shape.Choice choice:
                var (selector, chosen) = choice.Cases.ElementAt(random.Next(choice.Cases.Count));
                node.Value = selector;
                node.Children.Add(Generate(chosen, depth + 1));
                break;
        }

        return node;
    }

    private void Change(Node node)
    {
        if (random.Next(6) == 0)
        {
            Become(node, Known(node.Shape));
            return;
        }

        switch (node.Shape)
        {
            case Shape.Number number:
                node.Value = AnyNumber(number.Size);
                break;
            case Shape.Opaque when random.Next(8) == 0:
            case Shape.Vector when random.Next(8) == 0:
                node.Length = (LengthForm)random.Next(1, 6);
                break;
            case Shape.Opaque { Inner: null }:
                node.Bytes = OtherBytes(node.Bytes);
                break;
            case Shape.Vector vector:
                ChangeVector(node, vector);
                break;
            case Shape.Optional optional:
                node.Value = (ulong)random.Next(3);
                node.Children.Clear();
                if (node.Value == 1)
                {
                    node.Children.Add(Known(optional.Inner));
                }

                break;
            case Shape.Choice choice:
                var (selector, chosen) = choice.Cases.ElementAt(random.Next(choice.Cases.Count));
                node.Value = random.Next(8) == 0 ? AnyNumber(choice.Size) : selector;
                if (random.Next(4) != 0)
                {
                    node.Children.Clear();
                    node.Children.Add(Known(chosen));
                }

                break;
            case Shape.Opaque or Shape.Struct when node.Children.Count > 0:
                Change(node.Children[random.Next(node.Children.Count)]);
                break;
        }
    }

    private void ChangeVector(Node node, Shape.Vector vector)
    {
        var at = node.Children.Count == 0 ? 0 : random.Next(node.Children.Count);
        switch (random.Next(5))
        {
            case 0 when node.Children.Count > 0:
                node.Children.RemoveAt(at);
                break;
            case 1 when node.Children.Count > 0:
                node.Children.Insert(at, node.Children[at].Clone());
                break;
            case 2 when node.Children.Count > 1:
                (node.Children[0], node.Children[at]) = (node.Children[at], node.Children[0]);
                break;
            case 3 when node.Children.Count > 0 && random.Next(4) == 0:
                node.Children.AddRange(Enumerable.Range(0, 40).Select(_ => node.Children[at].Clone()).ToList());
                break;
            default:
                node.Children.Insert(at, Known(vector.Element));
                break;
        }
    }

    private Node Known(Shape shape) =>
        pool.TryGetValue(shape, out var parts) && random.Next(4) != 0 ? parts[random.Next(parts.Count)].Clone() : Generate(shape);

    private static void Become(Node node, Node other)
    {
        node.Value = other.Value;
        node.Bytes = other.Bytes;
        node.Length = other.Length;
        node.Children.Clear();
        node.Children.AddRange(other.Children);
    }

    private ulong AnyNumber(int size)
    {
        var most = size == 8 ? ulong.MaxValue : (1ul << (8 * size)) - 1;
        return random.Next(6) switch
        {
            0 => most,
            1 => most - 1,
            2 => most / 2,
            3 => (ulong)random.NextInt64() & most,
            _ => (ulong)random.Next(8),
        };
    }

    private byte[] AnyBytes()
    {
        var bytes = new byte[random.Next(3) == 0 ? 32 : random.Next(80)];
        if (random.Next(3) != 0)
        {
            random.NextBytes(bytes);
        }

        return bytes;
    }

    private byte[] OtherBytes(byte[] bytes)
    {
        switch (random.Next(6))
        {
            case 0:
                return [];
            case 1:
                return new byte[bytes.Length];
            case 2 when bytes.Length > 0:
                return bytes[..^1];
            case 3:
                return [.. bytes, (byte)random.Next(256)];
            case 4 when bytes.Length > 0:
                var flipped = (byte[])bytes.Clone();
                flipped[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return flipped;
            default:
                return AnyBytes();
        }
    }
}

namespace Interconnect.Adapters.Tests;

/// <summary>A small generator with a seed, so that a failing run can be repeated.</summary>
internal sealed class Seeded(int seed)
{
    private readonly Random random = new(seed);

    public int Next(int below) => random.Next(below);

    /// <summary>A copy with a few bytes changed, inserted, removed, repeated or cut off.</summary>
    public byte[] Damage(ReadOnlySpan<byte> original, ReadOnlySpan<byte> likely)
    {
        var bytes = new List<byte>(original.ToArray());
        for (var i = random.Next(1, 6); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = likely[random.Next(likely.Length)];
                    break;
                case 1:
                    bytes.Insert(at, likely[random.Next(likely.Length)]);
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    var length = Math.Min(random.Next(1, 40), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
            }
        }

        return random.Next(8) == 0 ? [.. bytes.Take(random.Next(bytes.Count + 1))] : [.. bytes];
    }
}

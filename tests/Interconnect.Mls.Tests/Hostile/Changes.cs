using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>Genuine messages, and what a seed makes of them by their grammar.</summary>
internal sealed class Changes
{
    private readonly Mutator mutator = new(Meter.Seed);

    // A part of one genuine message in place of another can make a genuine one again.
    private readonly HashSet<string> unchanged;

    public Changes()
    {
        foreach (var message in Genuine.All)
        {
            mutator.Learn(MlsGrammar.Message, message);
        }

        unchanged = Genuine.All.Append(Genuine.Newcomer.Bundle.KeyPackage.ToArray()).Select(Convert.ToHexString).ToHashSet();
    }

    public Genuine Genuine { get; } = new();

    /// <param name="rounds">Multiplied by INTERCONNECT_FUZZ.</param>
    public void ForEach(byte[] message, int rounds, Action<byte[]> use)
    {
        var node = Node.Parse(MlsGrammar.Message, message);
        for (var i = 0; i < rounds * Meter.Factor; i++)
        {
            var changed = mutator.Mutate(node).Encode();
            if (!unchanged.Contains(Convert.ToHexString(changed)))
            {
                use(changed);
            }
        }
    }

    /// <summary>What a PublicMessage holds; null when it is none, or none that can be read.</summary>
    public static Content? Content(byte[] message) => Decoded(message) is MlsMessage.OfPublicMessage { Message.Content.Content: var content } ? content : null;

    /// <summary>Null when it cannot be read.</summary>
    public static MlsMessage? Decoded(byte[] message)
    {
        try
        {
            return Codec.Decode<MlsMessage>(message);
        }
        catch (MlsRefusal)
        {
            return null;
        }
    }
}

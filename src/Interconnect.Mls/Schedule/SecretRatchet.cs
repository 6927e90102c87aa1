using System.Collections.Immutable;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Schedule;

/// <summary>Key and nonce of one message; single use.</summary>
internal sealed record MessageKey(byte[] Key, byte[] Nonce)
{
    public override string ToString() => "message key (redacted)";
}

/// <summary>How far a ratchet goes for one message, and how many skipped keys it keeps.</summary>
internal readonly record struct RatchetWindow(int MaxForward, int MaxSkipped);

/// <summary>One sender ratchet (RFC 9420 section 9.1): the next generation's secret and the keys of generations that were skipped. Immutable.</summary>
/// <param name="Generation">The next generation to derive.</param>
internal sealed record SecretRatchet(byte[] Secret, uint Generation, ImmutableSortedDictionary<uint, MessageKey> Skipped)
{
    public static SecretRatchet Start(byte[] secret) => new(secret, 0, ImmutableSortedDictionary<uint, MessageKey>.Empty);

    /// <summary>The next key, for sending.</summary>
    public (SecretRatchet Next, MessageKey Key) Advance(CipherSuite suite, ConsumedSecrets consumed)
    {
        Rules.GenerationExhausted.Require(Generation < uint.MaxValue);
        var kdf = suite.Kdf;
        var key = new MessageKey(
            kdf.DeriveTreeSecret(Secret, "key"u8, Generation, suite.Aead.KeySize),
            kdf.DeriveTreeSecret(Secret, "nonce"u8, Generation, Crypto.AeadAlgorithm.NonceSize));
        var next = kdf.DeriveTreeSecret(Secret, "secret"u8, Generation, kdf.Size);
        consumed.Add(Secret);
        return (this with { Secret = next, Generation = Generation + 1 }, key);
    }

    /// <summary>The key of a received generation: refuses one used before or dropped (MLS-308) and one too far ahead (MLS-309).</summary>
    public (SecretRatchet Next, MessageKey Key) Take(CipherSuite suite, uint generation, RatchetWindow window, ConsumedSecrets consumed)
    {
        if (generation < Generation)
        {
            Rules.GenerationReplayed.Require(Skipped.TryGetValue(generation, out var kept));
            return (this with { Skipped = Skipped.Remove(generation) }, kept!);
        }

        Rules.GenerationTooFar.Require(generation - Generation <= (uint)window.MaxForward);
        var at = this;
        var skipped = Skipped.ToBuilder();
        while (at.Generation < generation)
        {
            var from = at.Generation;
            (at, var passed) = at.Advance(suite, consumed);
            skipped[from] = passed;
        }

        (at, var key) = at.Advance(suite, consumed);
        while (skipped.Count > window.MaxSkipped)
        {
            var (oldest, dropped) = skipped.First();
            skipped.Remove(oldest);
            consumed.Add(dropped.Key);
            consumed.Add(dropped.Nonce);
        }

        return (at with { Skipped = skipped.ToImmutable() }, key);
    }

    public IEnumerable<byte[]> AllSecrets() => Skipped.Values.SelectMany(key => new[] { key.Key, key.Nonce }).Prepend(Secret);

    public override string ToString() => "ratchet (redacted)";
}

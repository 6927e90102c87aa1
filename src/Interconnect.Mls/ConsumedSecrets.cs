using System.Security.Cryptography;

namespace Interconnect.Mls;

/// <summary>
/// What an operation used up: secrets that the old state holds and the new state does not. Save the new state first, then call
/// <see cref="Erase"/>; from then on the old state is unusable. Dropping it without erasing leaves the bytes to the garbage collector.
/// </summary>
public sealed class ConsumedSecrets
{
    private readonly List<byte[]> secrets = [];
    private readonly List<IDisposable> keys = [];

    /// <summary>How many secrets wait for erasure.</summary>
    public int Count => secrets.Count + keys.Count;

    internal void Add(byte[] secret) => secrets.Add(secret);

    internal void Add(IDisposable key) => keys.Add(key);

    internal void AddRange(IEnumerable<byte[]> moreSecrets, IEnumerable<IDisposable> moreKeys)
    {
        secrets.AddRange(moreSecrets);
        keys.AddRange(moreKeys);
    }

    internal void AddRange(ConsumedSecrets other)
    {
        secrets.AddRange(other.secrets);
        keys.AddRange(other.keys);
    }

    /// <summary>Overwrites every secret with zeros. Safe to call more than once.</summary>
    public void Erase()
    {
        foreach (var secret in secrets)
        {
            CryptographicOperations.ZeroMemory(secret);
        }

        foreach (var key in keys)
        {
            key.Dispose();
        }

        secrets.Clear();
        keys.Clear();
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => $"{Count} secrets to erase";
}

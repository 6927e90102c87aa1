using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>The operating system's generator.</summary>
internal sealed class SystemRandomness : IMlsRandom
{
    public static SystemRandomness Instance { get; } = new();

    public void Fill(Span<byte> target) => RandomNumberGenerator.Fill(target);
}

using System.Security.Cryptography;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>The 32 random bytes that a user's identity key is made from, and that <see cref="RecoveryPhrase"/> writes as words. Erased on dispose.</summary>
public sealed class RecoverySeed : IDisposable
{
    /// <summary>Bytes of a seed.</summary>
    public const int Size = 32;

    /// <summary>The suite whose signature scheme, Ed25519, identity keys are of.</summary>
    public const ushort IdentitySuite = 1;

    private readonly byte[] bytes;
    private bool disposed;

    private RecoverySeed(byte[] bytes) => this.bytes = bytes;

    internal ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>A new random seed.</summary>
    public static RecoverySeed Create() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Takes what <see cref="Export"/> gave; the bytes are copied.</summary>
    /// <exception cref="ArgumentException">There are not 32 of them.</exception>
    public static RecoverySeed Import(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? new RecoverySeed(bytes.ToArray())
        : throw new ArgumentException($"A seed has {Size} bytes.", nameof(bytes));

    /// <summary>The identity key pair: Ed25519 as in MLS cipher suite 1 (RFC 8032, the seed being the private key). The same seed gives the same pair.</summary>
    /// <returns>The caller disposes it.</returns>
    public SignatureKeyPair DeriveIdentityKey() => SignatureKeyPair.Import(CipherSuite.Get(IdentitySuite), Span).Value;

    /// <summary>A copy of the bytes, for an encrypted store; the caller's to protect and erase.</summary>
    public byte[] Export() => Span.ToArray();

    /// <summary>Whether both are the same seed, compared in fixed time.</summary>
    public bool Matches(RecoverySeed other) => CryptographicOperations.FixedTimeEquals(Span, other.Span);

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bytes);
    }

    /// <summary>Redacted.</summary>
    public override string ToString() => "RecoverySeed(redacted)";
}

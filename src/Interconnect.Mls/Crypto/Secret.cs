using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>A secret of one kind; the kind is a marker type, so that the wrong secret does not compile. Owns its bytes.</summary>
internal sealed class Secret<TKind> : IDisposable
{
    private readonly byte[] bytes;

    public Secret(byte[] bytes) => this.bytes = bytes;

    public ReadOnlySpan<byte> Span => bytes;

    public int Length => bytes.Length;

    /// <summary>The array itself, for the list of what to erase.</summary>
    public byte[] Owned => bytes;

    public static Secret<TKind> CopyOf(ReadOnlySpan<byte> source) => new(source.ToArray());

    public static Secret<TKind> Random(int length, IMlsRandom random)
    {
        var bytes = new byte[length];
        random.Fill(bytes);
        return new Secret<TKind>(bytes);
    }

    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(bytes, other);

    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);

    public override string ToString() => $"{typeof(TKind).Name} (redacted)";
}

/// <summary>The kinds of secrets, by the names of RFC 9420 section 8 and 7.4.</summary>
internal static class Kind
{
    internal sealed class Init;

    internal sealed class Commit;

    internal sealed class Psk;

    internal sealed class Joiner;

    internal sealed class Intermediate;

    internal sealed class Welcome;

    internal sealed class Epoch;

    internal sealed class SenderData;

    internal sealed class Encryption;

    internal sealed class Exporter;

    internal sealed class External;

    internal sealed class Confirmation;

    internal sealed class Membership;

    internal sealed class Resumption;

    internal sealed class ApplicationExport;

    internal sealed class Path;

    internal sealed class Tree;
}

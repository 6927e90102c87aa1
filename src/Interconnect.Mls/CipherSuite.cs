using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Mls;

/// <summary>One of the seven suites of RFC 9420 section 17.1. Instances are shared and immutable.</summary>
public sealed class CipherSuite
{
    internal CipherSuite(ushort id, string name)
    {
        Id = id;
        Name = name;
    }

    /// <summary>The IANA number, 1 to 7.</summary>
    public ushort Id { get; }

    /// <summary>The IANA name.</summary>
    public string Name { get; }

    /// <summary>All suites, by number.</summary>
    public static IReadOnlyList<CipherSuite> All { get; } = [];

    /// <summary>The suite with this number; an unknown one is a defect of the caller and throws.</summary>
    public static CipherSuite Get(ushort id) =>
        TryGet(id, out var suite) ? suite : throw new ArgumentOutOfRangeException(nameof(id), id, "RFC 9420 defines the suites 1 to 7.");

    /// <summary>The suite with this number, when it is known.</summary>
    public static bool TryGet(ushort id, [NotNullWhen(true)] out CipherSuite? suite) => throw new NotSupportedException();

    /// <summary>Makes a new signature key pair.</summary>
    public SignatureKeyPair GenerateSignatureKeyPair() => throw new NotSupportedException();

    /// <summary>VerifyWithLabel (RFC 9420 section 5.1.2). False for a key that cannot be read, too.</summary>
    /// <param name="label">Without the "MLS 1.0 " prefix.</param>
    public bool VerifyWithLabel(ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) => throw new NotSupportedException();
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using NSec.Cryptography;

namespace Interconnect.Bus;

/// <summary>The public half of a <see cref="RoleKey"/>, written <c>ed25519:</c> and 32 bytes in base64.</summary>
public sealed class RolePublicKey
{
    private const string Prefix = "ed25519:";
    private readonly PublicKey key;
    private readonly byte[] bytes;

    private RolePublicKey(PublicKey key)
    {
        this.key = key;
        bytes = key.Export(KeyBlobFormat.RawPublicKey);
        Id = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(bytes));
    }

    /// <summary>Tells a role's keys apart: the first 8 bytes of SHA-256 of the key. Not a proof of anything.</summary>
    public ulong Id { get; }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out RolePublicKey? key)
    {
        key = null;
        Span<byte> read = stackalloc byte[33];
        if (text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(text[Prefix.Length..], read, out var length) && length == 32
            && PublicKey.TryImport(SignatureAlgorithm.Ed25519, read[..32], KeyBlobFormat.RawPublicKey, out var found) && found is not null)
        {
            key = new RolePublicKey(found);
        }

        return key is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix + Convert.ToBase64String(bytes);

    internal static RolePublicKey Of(PublicKey key) => new(key);

    internal bool Verify(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) => SignatureAlgorithm.Ed25519.Verify(key, content, signature);
}

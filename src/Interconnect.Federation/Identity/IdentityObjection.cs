using System.Security.Cryptography;

namespace Interconnect.Federation;

/// <summary>
/// The identity that a user has says no to another that is to take its place (a reset), which lengthens the hub's waiting time once. What is signed, with SignWithLabel
/// and by the identity key itself:
/// <code>struct { opaque user&lt;V&gt;; opaque identity_key&lt;V&gt;; opaque objected&lt;V&gt;; uint64 issued_ms; } IdentityObjectionTBS;</code>
/// </summary>
/// <param name="User">Whose identity.</param>
/// <param name="IdentityKey">The key that objects, 32 bytes: the one that is pinned.</param>
/// <param name="Objected">SHA-256 of the identity key that is to take its place, 32 bytes.</param>
/// <param name="IssuedAt">When it was signed, whole milliseconds.</param>
/// <param name="Signature">By <paramref name="IdentityKey"/>, at most 512 bytes.</param>
public sealed record IdentityObjection(UserUri User, ReadOnlyMemory<byte> IdentityKey, ReadOnlyMemory<byte> Objected, DateTimeOffset IssuedAt, ReadOnlyMemory<byte> Signature) : FederationEvent
{
    /// <summary>SignWithLabel label.</summary>
    public const string Label = "IdentityObjectionTBS";

    /// <inheritdoc/>
    public override string Kind => "identity_objection";

    /// <summary>Objects to a reset.</summary>
    /// <param name="user">Whose identity.</param>
    /// <param name="identityKey">The key that objects.</param>
    /// <param name="newIdentityKey">The key that is to take its place.</param>
    /// <param name="now">The time.</param>
    /// <param name="sign">Makes a SignWithLabel signature of a label and a content with the identity key.</param>
    public static IdentityObjection Sign(UserUri user, ReadOnlyMemory<byte> identityKey, ReadOnlySpan<byte> newIdentityKey, DateTimeOffset now, Func<string, byte[], byte[]> sign)
    {
        var issued = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        var objected = SHA256.HashData(newIdentityKey);
        return new IdentityObjection(user, identityKey, objected, issued, sign(Label, Content(user, identityKey, objected, issued)));
    }

    /// <summary>Whether <see cref="IdentityKey"/> signed this; whose key that is remains to be asked.</summary>
    public bool IsSigned(SignatureCheck check) => check(SignedDeviceList.IdentitySuite, IdentityKey.Span, Label, Content(User, IdentityKey, Objected, IssuedAt), Signature.Span);

    /// <summary>Whether it is about this key.</summary>
    public bool IsAbout(ReadOnlySpan<byte> newIdentityKey) => Objected.Span.SequenceEqual(SHA256.HashData(newIdentityKey));

    /// <summary>Redacted: names a person.</summary>
    public override string ToString() => "IdentityObjection(redacted)";

    private static byte[] Content(UserUri user, ReadOnlyMemory<byte> identityKey, ReadOnlyMemory<byte> objected, DateTimeOffset issued) =>
        new PresentationWriter().Opaque(user.Value).Opaque(identityKey.Span).Opaque(objected.Span).UInt64((ulong)issued.ToUnixTimeMilliseconds()).Written.ToArray();
}

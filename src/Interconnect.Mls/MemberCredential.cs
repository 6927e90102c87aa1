namespace Interconnect.Mls;

/// <summary>What a member claims to be. RFC 9420 section 5.3.</summary>
/// <param name="Type">1 = basic, 2 = X.509; others are carried opaque.</param>
/// <param name="Identity">Basic: the identity. X.509: the encoded certificate list. Others: the opaque value.</param>
public sealed record MemberCredential(ushort Type, ReadOnlyMemory<byte> Identity)
{
    /// <summary>The credential type whose identity is whatever the application says.</summary>
    public const ushort Basic = 1;

    /// <summary>The credential type that holds a certificate chain.</summary>
    public const ushort X509 = 2;

    /// <summary>Redacted: an identity names a person.</summary>
    public override string ToString() => $"credential type {Type}";
}

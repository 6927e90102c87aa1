namespace Interconnect.Mls.Crypto;

/// <summary>The Diffie-Hellman group of a KEM: X25519 and X448, or a NIST curve.</summary>
internal interface IDhGroup
{
    int PrivateKeySize { get; }

    int PublicKeySize { get; }

    int SharedSecretSize { get; }

    /// <summary>True when every string of the private key's size is a private key, as for X25519 and X448.</summary>
    bool EveryStringIsKey { get; }

    /// <summary>Refuses (MLS-112) what is no private key. Shorter scalars of a NIST curve are left-padded.</summary>
    IDhPrivateKey ImportPrivate(ReadOnlySpan<byte> raw);

    /// <summary>Refuses (MLS-111) what is no public key, and (MLS-113) one with which every result is all zero.</summary>
    IDhPublicKey ImportPublic(ReadOnlySpan<byte> raw);

    /// <summary>Refuses the same as <see cref="ImportPublic"/>, without keeping anything of it.</summary>
    void RequirePublic(ReadOnlySpan<byte> raw);

    /// <summary>DeriveKeyPair of RFC 9180 section 7.1.3: writes the private key that belongs to the extracted key material.</summary>
    void DerivePrivate(LabeledKdf kdf, ReadOnlySpan<byte> dkpPrk, Span<byte> privateKey);
}

/// <summary>A parsed private key, reusable from several threads.</summary>
internal interface IDhPrivateKey : IDisposable
{
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Refuses an all-zero result (MLS-113).</summary>
    void Agree(IDhPublicKey peer, Span<byte> shared);

    byte[] Export();
}

/// <summary>A parsed public key, reusable from several threads.</summary>
internal interface IDhPublicKey;

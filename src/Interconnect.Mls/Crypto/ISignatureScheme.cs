namespace Interconnect.Mls.Crypto;

/// <summary>The signature scheme of a suite: EdDSA through libcrypto, or ECDSA of .NET.</summary>
internal interface ISignatureScheme
{
    ISigner Generate(IMlsRandom random);

    /// <summary>Refuses what is no private key (MLS-112).</summary>
    ISigner ImportPrivate(ReadOnlySpan<byte> raw);

    /// <summary>Refuses what is no public key (MLS-111).</summary>
    IVerifier ImportPublic(ReadOnlySpan<byte> raw);
}

/// <summary>A parsed private key, reusable from several threads.</summary>
internal interface ISigner : IDisposable
{
    ReadOnlyMemory<byte> PublicKey { get; }

    byte[] Sign(ReadOnlySpan<byte> data);

    byte[] Export();
}

/// <summary>A parsed public key, reusable from several threads.</summary>
internal interface IVerifier
{
    bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
}

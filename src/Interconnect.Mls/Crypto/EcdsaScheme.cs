using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>ECDSA over a NIST curve, signatures in DER (RFC 9420 section 5.1.2), public keys as uncompressed points.</summary>
internal sealed class EcdsaScheme(NistCurve curve, HashAlgorithmName hash) : ISignatureScheme
{
    public static EcdsaScheme P256 { get; } = new(NistCurve.P256, HashAlgorithmName.SHA256);

    public static EcdsaScheme P384 { get; } = new(NistCurve.P384, HashAlgorithmName.SHA384);

    public static EcdsaScheme P521 { get; } = new(NistCurve.P521, HashAlgorithmName.SHA512);

    public ISigner Generate(IMlsRandom random)
    {
        Span<byte> scalar = stackalloc byte[curve.FieldSize];
        do
        {
            random.Fill(scalar);
            scalar[0] &= curve.TopMask;
        }
        while (!curve.IsScalar(scalar));
        var signer = ImportPrivate(scalar);
        CryptographicOperations.ZeroMemory(scalar);
        return signer;
    }

    public ISigner ImportPrivate(ReadOnlySpan<byte> raw)
    {
        var scalar = curve.PadScalar(raw);
        try
        {
            var key = ECDsa.Create(new ECParameters { Curve = curve.Curve, D = scalar });
            return new Signer(key, hash, scalar, curve.EncodePoint(key.ExportParameters(false).Q));
        }
        catch (CryptographicException)
        {
            Rules.MalformedPrivateKey.Refuse();
            throw;
        }
    }

    public IVerifier ImportPublic(ReadOnlySpan<byte> raw)
    {
        var point = curve.DecodePoint(raw);
        try
        {
            return new Verifier(ECDsa.Create(new ECParameters { Curve = curve.Curve, Q = point }), hash);
        }
        catch (CryptographicException)
        {
            Rules.MalformedPublicKey.Refuse();
            throw;
        }
    }

    private sealed class Signer(ECDsa key, HashAlgorithmName hash, byte[] scalar, byte[] publicKey) : ISigner
    {
        public ReadOnlyMemory<byte> PublicKey => publicKey;

        public byte[] Sign(ReadOnlySpan<byte> data)
        {
            lock (key)
            {
                return key.SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence);
            }
        }

        public byte[] Export() => (byte[])scalar.Clone();

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(scalar);
            key.Dispose();
        }

        public override string ToString() => "signature key (redacted)";
    }

    private sealed class Verifier(ECDsa key, HashAlgorithmName hash) : IVerifier
    {
        public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
        {
            try
            {
                lock (key)
                {
                    return key.VerifyData(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
                }
            }
            catch (CryptographicException)
            {
                return false;
            }
        }
    }
}

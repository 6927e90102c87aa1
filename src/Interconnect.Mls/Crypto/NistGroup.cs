using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>ECDH over P-256, P-384 and P-521 (RFC 9180 section 7.1.1: uncompressed points, x-coordinate as shared secret).</summary>
internal sealed class NistGroup(NistCurve curve) : IDhGroup
{
    public static NistGroup P256 { get; } = new(NistCurve.P256);

    public static NistGroup P384 { get; } = new(NistCurve.P384);

    public static NistGroup P521 { get; } = new(NistCurve.P521);

    public int PrivateKeySize => curve.FieldSize;

    public int PublicKeySize => 1 + (2 * curve.FieldSize);

    public int SharedSecretSize => curve.FieldSize;

    public bool EveryStringIsKey => false;

    public IDhPrivateKey ImportPrivate(ReadOnlySpan<byte> raw)
    {
        var scalar = curve.PadScalar(raw);
        try
        {
            var key = ECDiffieHellman.Create(new ECParameters { Curve = curve.Curve, D = scalar });
            return new PrivateKey(key, scalar, curve.EncodePoint(key.ExportParameters(false).Q));
        }
        catch (CryptographicException)
        {
            Rules.MalformedPrivateKey.Refuse();
            throw;
        }
    }

    public IDhPublicKey ImportPublic(ReadOnlySpan<byte> raw)
    {
        var point = curve.DecodePoint(raw);
        try
        {
            using var key = ECDiffieHellman.Create(new ECParameters { Curve = curve.Curve, Q = point });
            return new PublicKey(key.PublicKey);
        }
        catch (CryptographicException)
        {
            Rules.MalformedPublicKey.Refuse();
            throw;
        }
    }

    public void RequirePublic(ReadOnlySpan<byte> raw) => _ = ImportPublic(raw);

    public void DerivePrivate(LabeledKdf kdf, ReadOnlySpan<byte> dkpPrk, Span<byte> privateKey)
    {
        // RFC 9180 section 7.1.3: rejection sampling; 256 failures in a row do not happen.
        for (var counter = 0; counter < 256; counter++)
        {
            kdf.LabeledExpand(dkpPrk, "candidate"u8, [(byte)counter], privateKey);
            privateKey[0] &= curve.TopMask;
            if (curve.IsScalar(privateKey))
            {
                return;
            }
        }

        throw new CryptographicException("DeriveKeyPair found no scalar.");
    }

    private sealed class PublicKey(ECDiffieHellmanPublicKey key) : IDhPublicKey
    {
        public ECDiffieHellmanPublicKey Key => key;
    }

    private sealed class PrivateKey(ECDiffieHellman key, byte[] scalar, byte[] publicKey) : IDhPrivateKey
    {
        private bool erased;

        ReadOnlyMemory<byte> IDhPrivateKey.PublicKey => publicKey;

        public void Agree(IDhPublicKey peer, Span<byte> shared)
        {
            Rules.KeysErased.Require(!erased);
            byte[] agreed;
            lock (key)
            {
                agreed = key.DeriveRawSecretAgreement(((PublicKey)peer).Key);
            }

            agreed.CopyTo(shared);
            CryptographicOperations.ZeroMemory(agreed);
            Rules.AllZeroSharedSecret.Require(shared.ContainsAnyExcept((byte)0));
        }

        public byte[] Export() => (byte[])scalar.Clone();

        public void Dispose()
        {
            erased = true;
            CryptographicOperations.ZeroMemory(scalar);
            key.Dispose();
        }

        public override string ToString() => "private key (redacted)";
    }
}

using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>What ECDH and ECDSA share about a NIST curve: sizes, order, and the encodings of points and scalars.</summary>
internal sealed class NistCurve(ECCurve curve, int fieldSize, byte topMask, string order)
{
    private readonly byte[] order = Convert.FromHexString(order);

    public static NistCurve P256 { get; } = new(
        ECCurve.NamedCurves.nistP256, 32, 0xff, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    public static NistCurve P384 { get; } = new(
        ECCurve.NamedCurves.nistP384, 48, 0xff,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");

    public static NistCurve P521 { get; } = new(
        ECCurve.NamedCurves.nistP521, 66, 0x01,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409");

    public ECCurve Curve => curve;

    public int FieldSize => fieldSize;

    /// <summary>Keeps the bits of the first octet that a scalar can have.</summary>
    public byte TopMask => topMask;

    public bool IsScalar(ReadOnlySpan<byte> candidate) =>
        candidate.Length == fieldSize && candidate.ContainsAnyExcept((byte)0) && candidate.SequenceCompareTo(order) < 0;

    /// <summary>Left-pads a scalar to the field's length: some writers drop leading zero octets. Refuses what is no scalar (MLS-112).</summary>
    public byte[] PadScalar(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPrivateKey.Require(raw.Length > 0 && raw.Length <= fieldSize);
        var scalar = new byte[fieldSize];
        raw.CopyTo(scalar.AsSpan(fieldSize - raw.Length));
        Rules.MalformedPrivateKey.Require(IsScalar(scalar));
        return scalar;
    }

    public byte[] EncodePoint(ECPoint point)
    {
        var encoded = new byte[1 + (2 * fieldSize)];
        encoded[0] = 4;
        point.X!.CopyTo(encoded, 1 + fieldSize - point.X.Length);
        point.Y!.CopyTo(encoded, 1 + (2 * fieldSize) - point.Y.Length);
        return encoded;
    }

    /// <summary>Refuses any form but the uncompressed one (MLS-111); that the point lies on the curve is checked at import.</summary>
    public ECPoint DecodePoint(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPublicKey.Require(raw.Length == 1 + (2 * fieldSize) && raw[0] == 4);
        return new ECPoint { X = raw.Slice(1, fieldSize).ToArray(), Y = raw[(1 + fieldSize)..].ToArray() };
    }
}

namespace Interconnect.Mls.Crypto;

/// <summary>
/// What an encoded point of edwards25519 must not be, so that signatures are judged alike whichever library does the arithmetic: OpenSSL takes public keys of small
/// order and beyond the field's prime, libsodium does not, and neither do honest clients make any. RFC 8032 leaves both open.
/// </summary>
internal static class Ed25519Points
{
    // The y coordinates of the eight points of small order, and the two that are written beyond the prime.
    private static readonly byte[][] SmallOrder =
    [
        .. new[]
        {
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        }.Select(Convert.FromHexString),
    ];

    /// <summary>32 bytes, whatever their sign bit.</summary>
    public static bool IsOfSmallOrder(ReadOnlySpan<byte> point)
    {
        foreach (var small in SmallOrder)
        {
            if (point[..31].SequenceEqual(small.AsSpan(0, 31)) && (point[31] & 0x7f) == small[31])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether y is below the prime 2^255 - 19.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> point) =>
        (point[31] & 0x7f) != 0x7f || point[1..31].ContainsAnyExcept((byte)0xff) || point[0] < 0xed;
}

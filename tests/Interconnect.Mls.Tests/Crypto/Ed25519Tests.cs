using System.Numerics;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tests.Crypto;

/// <summary>Whichever library does the arithmetic, the same keys and signatures are taken and refused.</summary>
public sealed class Ed25519Tests
{
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);

    // RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
    public static TheoryData<string, string, string, string> Published => new()
    {
        {
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        },
        {
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        },
    };

    public static TheoryData<string> RefusedKeys =>
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    [Theory]
    [MemberData(nameof(Published))]
    public void Signature_OfThePublishedTests_IsMadeAndTakenByEachLibrary(string seed, string publicKey, string message, string signature)
    {
        var data = Convert.FromHexString(message);
        foreach (var library in EdwardsScheme.AllOfEd25519)
        {
            using var signer = library.ImportPrivate(Convert.FromHexString(seed));
            Assert.Equal(publicKey, Convert.ToHexStringLower(signer.PublicKey.Span));
            Assert.Equal(signature, Convert.ToHexStringLower(signer.Sign(data)));
            Assert.Equal(seed, Convert.ToHexStringLower(signer.Export()));
            Assert.True(library.ImportPublic(signer.PublicKey.Span).Verify(data, Convert.FromHexString(signature)));
        }
    }

    [Fact]
    public void Signature_ChangedAnywhere_IsRefusedByEachLibrary()
    {
        foreach (var library in EdwardsScheme.AllOfEd25519)
        {
            using var signer = library.Generate(SystemRandomness.Instance);
            var verifier = library.ImportPublic(signer.PublicKey.Span);
            byte[] data = [1, 2, 3];
            var signature = signer.Sign(data);
            for (var i = 0; i < signature.Length; i++)
            {
                var changed = (byte[])signature.Clone();
                changed[i] ^= 1;
                Assert.False(verifier.Verify(data, changed));
            }

            var s = new BigInteger(signature.AsSpan(32), isUnsigned: true) + Order;
            var beyond = (byte[])signature.Clone();
            Assert.True(s.TryWriteBytes(beyond.AsSpan(32), out _, isUnsigned: true));
            Assert.False(verifier.Verify(data, beyond));
            Assert.False(verifier.Verify(data, signature.AsSpan(1)));
            Assert.False(verifier.Verify([1, 2, 4], signature));
            Assert.True(verifier.Verify(data, signature));
        }
    }

    [Theory]
    [MemberData(nameof(RefusedKeys))]
    public void PublicKey_OfSmallOrderOrBeyondThePrime_IsRefusedByEachLibrary(string key)
    {
        foreach (var library in EdwardsScheme.AllOfEd25519)
        {
            Assert.Equal("MLS-111", Assert.Throws<MlsRefusal>(() => library.ImportPublic(Convert.FromHexString(key))).Error.Rule);
        }
    }

    // With a public key A of order 8 times a prime, R of small order and S = 0 would hold for some messages; here it is only the point that counts.
    [Fact]
    public void Signature_WithACommitmentOfSmallOrder_IsRefusedByEachLibrary()
    {
        foreach (var library in EdwardsScheme.AllOfEd25519)
        {
            using var signer = library.Generate(SystemRandomness.Instance);
            var forged = new byte[64];
            forged[0] = 1;
            Assert.False(library.ImportPublic(signer.PublicKey.Span).Verify([1], forged));
        }

        Assert.True(Ed25519Points.IsOfSmallOrder(Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000080")));
        Assert.False(Ed25519Points.IsOfSmallOrder(Convert.FromHexString("0200000000000000000000000000000000000000000000000000000000000000")));
    }

    [Fact]
    public void Signer_Disposed_SignsNothing()
    {
        foreach (var library in EdwardsScheme.AllOfEd25519)
        {
            var signer = library.Generate(SystemRandomness.Instance);
            signer.Dispose();
            Assert.Throws<ObjectDisposedException>(() => signer.Sign([1]));
        }
    }
}

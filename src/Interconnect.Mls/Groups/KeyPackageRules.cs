using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>KeyPackage validation (RFC 9420 section 10.1).</summary>
internal static class KeyPackageRules
{
    /// <param name="now">Null = whether the lifetime covers the present is not checked.</param>
    /// <param name="maxLifetime">The longest total lifetime.</param>
    public static CipherSuite Verify(KeyPackage keyPackage, CipherSuite? expected, DateTimeOffset? now, TimeSpan tolerance, TimeSpan maxLifetime)
    {
        Rules.UnknownVersion.Require(keyPackage.Version == ProtocolVersion.Mls10);
        Rules.KeyPackageSuite.Require(CipherSuite.TryGet(keyPackage.Suite, out var suite) && (expected is null || suite == expected));
        var leaf = keyPackage.Leaf;
        Rules.KeyPackageSource.Require(leaf.Source is LeafNodeSource.KeyPackage);
        Rules.KeyPackageDistinctKeys.Require(!keyPackage.InitKey.Span.SequenceEqual(leaf.EncryptionKey.Span));
        suite!.Kem.Group.RequirePublic(keyPackage.InitKey.Span);
        LeafRules.VerifyAlone(leaf, suite);
        Rules.LeafLifetimeBound.Require(((LeafNodeSource.KeyPackage)leaf.Source).Fits(maxLifetime));
        Rules.LeafLifetime.Require(now is not { } time || ((LeafNodeSource.KeyPackage)leaf.Source).Covers(time, tolerance));
        if (!keyPackage.SignaturesVerified)
        {
            Rules.LeafSignature.Require(leaf.VerifySignature(suite, null));
            Rules.KeyPackageSignature.Require(keyPackage.VerifySignature(suite));
            keyPackage.SignaturesVerified = true;
        }

        return suite;
    }
}

using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;

namespace Interconnect.Mls;

/// <summary>Checks KeyPackages that others published.</summary>
public static class KeyPackages
{
    private const int MaxSize = 64 * 1024;

    /// <summary>The longest total lifetime of a leaf that is accepted unless another is given (RFC 9420 section 7.2): 100 days.</summary>
    public static readonly TimeSpan DefaultMaxLifetime = TimeSpan.FromDays(100);

    /// <summary>
    /// Decodes and verifies a KeyPackage (RFC 9420 section 10.1): version, suite, both signatures, lifetime, distinct keys, capabilities. Whether the credential
    /// is believed is the caller's <see cref="IAuthenticationService"/> to say, when the KeyPackage is added.
    /// </summary>
    /// <param name="mlsMessage">MLSMessage (wire format mls_key_package), at most 64 KiB.</param>
    /// <param name="now">The time its lifetime is checked at.</param>
    /// <param name="suite">The suite it must be for; null = any of the seven.</param>
    /// <param name="tolerance">How far clocks may differ; null = 1 hour.</param>
    /// <param name="maxLifetime">The longest lifetime in all, from not_before to not_after (MLS-123); null = <see cref="DefaultMaxLifetime"/>, <see cref="TimeSpan.MaxValue"/> = any.</param>
    public static MlsResult<VerifiedKeyPackage> Verify(
        ReadOnlyMemory<byte> mlsMessage, DateTimeOffset now, CipherSuite? suite = null, TimeSpan? tolerance = null, TimeSpan? maxLifetime = null) => MlsRefusal.Catch(() =>
    {
        Rules.Oversize.Require(mlsMessage.Length <= MaxSize);
        ReadOnlyMemory<byte> owned = mlsMessage.ToArray();
        var message = MlsMessage.Decode(owned, MaxSize) as MlsMessage.OfKeyPackage;
        Rules.WrongWireFormat.Require(message is not null);
        var verified = KeyPackageRules.Verify(message!.KeyPackage, suite, now, tolerance ?? TimeSpan.FromHours(1), maxLifetime ?? DefaultMaxLifetime);
        return new VerifiedKeyPackage(verified, message.KeyPackage, owned);
    });
}

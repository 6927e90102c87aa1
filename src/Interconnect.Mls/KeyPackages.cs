namespace Interconnect.Mls;

/// <summary>Checks KeyPackages that others published.</summary>
public static class KeyPackages
{
    /// <summary>Decodes and verifies a KeyPackage (RFC 9420 section 10.1): version, suite, both signatures, lifetime, distinct keys, capabilities.</summary>
    /// <param name="mlsMessage">MLSMessage (wire format mls_key_package).</param>
    /// <param name="now">The time its lifetime is checked at.</param>
    /// <param name="suite">The suite it must be for; null = any of the seven.</param>
    /// <param name="tolerance">How far clocks may differ; null = 1 hour.</param>
    public static MlsResult<VerifiedKeyPackage> Verify(
        ReadOnlyMemory<byte> mlsMessage, DateTimeOffset now, CipherSuite? suite = null, TimeSpan? tolerance = null) => throw new NotSupportedException();
}

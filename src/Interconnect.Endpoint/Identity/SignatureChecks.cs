using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>Checks the signatures of device lists with the MLS signature schemes.</summary>
internal static class SignatureChecks
{
    public static bool Verify(ushort suite, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        CipherSuite.TryGet(suite, out var known) && known.VerifyWithLabel(key, label, content, signature);
}

using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// What a client understands (RFC 9420 section 7.2). Unknown numbers, GREASE included, are carried unharmed.
/// <c>struct { ProtocolVersion versions&lt;V&gt;; CipherSuite cipher_suites&lt;V&gt;; ExtensionType extensions&lt;V&gt;; ProposalType proposals&lt;V&gt;; CredentialType credentials&lt;V&gt;; }</c>
/// </summary>
internal sealed record Capabilities(
    IReadOnlyList<ushort> Versions,
    IReadOnlyList<ushort> CipherSuites,
    IReadOnlyList<ushort> Extensions,
    IReadOnlyList<ushort> Proposals,
    IReadOnlyList<ushort> Credentials) : IMlsStructure<Capabilities>
{
    public static Capabilities Read(ref MlsReader reader)
    {
        reader.Enter("capabilities");
        var start = reader.Position;
        var ahead = reader;
        ahead.Opaque("versions");
        ahead.Opaque("cipher_suites");
        ahead.Opaque("extensions");
        ahead.Opaque("proposals");
        ahead.Opaque("credentials");
        var encoded = ahead.Since(start).Span;
        if (SharedCapabilities.Find(encoded) is { } shared)
        {
            reader = ahead;
            reader.Leave();
            return shared;
        }

        var capabilities = new Capabilities(
            Codec.ReadU16Vector(ref reader, "versions"),
            Codec.ReadU16Vector(ref reader, "cipher_suites"),
            Codec.ReadU16Vector(ref reader, "extensions"),
            Codec.ReadU16Vector(ref reader, "proposals"),
            Codec.ReadU16Vector(ref reader, "credentials"));
        reader.Leave();
        SharedCapabilities.Keep(encoded, capabilities);
        return capabilities;
    }

    public void Write(MlsWriter writer)
    {
        Codec.WriteU16Vector(writer, Versions);
        Codec.WriteU16Vector(writer, CipherSuites);
        Codec.WriteU16Vector(writer, Extensions);
        Codec.WriteU16Vector(writer, Proposals);
        Codec.WriteU16Vector(writer, Credentials);
    }

    /// <summary>True for the extension types every client supports (RFC 9420 section 7.2: the default ones are not listed) and for the listed ones.</summary>
    public bool SupportsExtension(ushort type) => ExtensionTypes.IsDefault(type) || Extensions.Contains(type);

    /// <summary>True for the proposal types every client supports and for the listed ones.</summary>
    public bool SupportsProposal(ushort type) => type is >= 1 and <= 7 || Proposals.Contains(type);
}

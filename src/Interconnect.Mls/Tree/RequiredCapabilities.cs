using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// The required_capabilities extension (RFC 9420 section 11.1).
/// <c>struct { ExtensionType extension_types&lt;V&gt;; ProposalType proposal_types&lt;V&gt;; CredentialType credential_types&lt;V&gt;; }</c>
/// </summary>
internal sealed record RequiredCapabilities(IReadOnlyList<ushort> Extensions, IReadOnlyList<ushort> Proposals, IReadOnlyList<ushort> Credentials)
    : IMlsStructure<RequiredCapabilities>
{
    public static RequiredCapabilities? In(IReadOnlyList<Extension> extensions) =>
        extensions.Find(ExtensionTypes.RequiredCapabilities) is { } found ? Codec.Decode<RequiredCapabilities>(found.Data) : null;

    public static RequiredCapabilities Read(ref MlsReader reader)
    {
        reader.Enter("required_capabilities");
        var required = new RequiredCapabilities(
            Codec.ReadU16Vector(ref reader, "extension_types"),
            Codec.ReadU16Vector(ref reader, "proposal_types"),
            Codec.ReadU16Vector(ref reader, "credential_types"));
        reader.Leave();
        return required;
    }

    public void Write(MlsWriter writer)
    {
        Codec.WriteU16Vector(writer, Extensions);
        Codec.WriteU16Vector(writer, Proposals);
        Codec.WriteU16Vector(writer, Credentials);
    }

    public bool AreMetBy(Capabilities capabilities) =>
        Extensions.All(capabilities.SupportsExtension)
        && Proposals.All(capabilities.SupportsProposal)
        && Credentials.All(capabilities.Credentials.Contains);
}

namespace Interconnect.Mls.Messages;

/// <summary>RFC 9420 section 6: one version so far.</summary>
internal static class ProtocolVersion
{
    public const ushort Mls10 = 1;
}

namespace Interconnect.Mls.Groups;

/// <summary>RFC 9420 section 8.3.</summary>
internal static class ExternalInit
{
    public static ReadOnlySpan<byte> Label => "MLS 1.0 external init secret"u8;
}

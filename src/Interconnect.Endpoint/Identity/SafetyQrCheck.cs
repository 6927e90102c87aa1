namespace Interconnect.Endpoint;

/// <summary>What comparing a scanned <see cref="SafetyQr"/> with one's own led to.</summary>
public abstract record SafetyQrCheck
{
    private SafetyQrCheck()
    {
    }

    /// <summary>Both users and both identity keys are the same at both ends.</summary>
    public sealed record Match : SafetyQrCheck;

    /// <summary>It is safety data, but not the same: somebody may be in between, or it is about others.</summary>
    /// <param name="RuleId"><c>SAF-023</c> or <c>SAF-024</c>.</param>
    /// <param name="Reason">Plain words; no identifier or key.</param>
    public sealed record Mismatch(string RuleId, string Reason) : SafetyQrCheck;

    /// <summary>It is no safety data of this version; nothing was compared.</summary>
    /// <param name="RuleId"><c>SAF-020</c> to <c>SAF-022</c>.</param>
    /// <param name="Reason">Plain words; nothing of what was scanned.</param>
    public sealed record Unreadable(string RuleId, string Reason) : SafetyQrCheck;
}

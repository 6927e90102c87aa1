using Interconnect.Endpoint;

namespace Interconnect.Agent;

/// <summary>Ends a command with an exit code and words for the user; caught once, in <see cref="AgentCommandLine"/>.</summary>
internal sealed class AgentFailure(int exitCode, string ruleId, string reason, string advice) : Exception(ruleId)
{
    public int ExitCode { get; } = exitCode;

    public string RuleId { get; } = ruleId;

    public string Reason { get; } = reason;

    public string Advice { get; } = advice;

    public static AgentFailure Of(StoreError error) => new(Agent.ExitCode.Store, error.RuleId, error.Reason, error.Advice);

    public static AgentFailure Of(TransportFailure failure) => new(Agent.ExitCode.Network, failure.RuleId, failure.Reason, failure.Advice);

    public static AgentFailure Of(RequestOutcome.Blocked blocked) => new(Agent.ExitCode.Blocked, blocked.RuleId, blocked.Reason, blocked.Advice);

    public static AgentFailure Of(HubRefusal refusal) =>
        new(Agent.ExitCode.Refused, refusal.RuleId, refusal.Reason, refusal.RetryAfter is { } wait ? $"Try again in {wait.TotalSeconds:0} seconds" : "Change what was refused; the same again is refused again");

    public static AgentFailure Usage(string reason, string advice) => new(Agent.ExitCode.Usage, "AGT-001", reason, advice);

    public static AgentFailure TimedOut(string reason, string advice) => new(Agent.ExitCode.TimedOut, "AGT-002", reason, advice);
}

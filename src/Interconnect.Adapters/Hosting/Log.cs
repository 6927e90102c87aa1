using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>The host's log lines. None holds a user, a room or content.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Adapter {Network}: {State} {Reason}")]
    public static partial void State(ILogger logger, string network, string state, string? reason);

    [LoggerMessage(2, LogLevel.Warning, "Adapter {Network}: reports to the hub wait, {Failure}")]
    public static partial void ReportsWait(ILogger logger, string network, string failure);

    [LoggerMessage(3, LogLevel.Error, "Adapter {Network}: event {EventId} parked its conversation: {Failure}")]
    public static partial void Parked(ILogger logger, string network, string eventId, string failure);

    [LoggerMessage(4, LogLevel.Warning, "Adapter {Network}: does not run, {Reason}; trying again")]
    public static partial void NotRunning(ILogger logger, string network, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Adapter {Network}: waiting deliveries cannot be worked on, {Failure}")]
    public static partial void WaitingStuck(ILogger logger, string network, string failure);

    [LoggerMessage(6, LogLevel.Error, "Adapter {Network}: an envelope for delivery cannot be used: {Reason}")]
    public static partial void Unusable(ILogger logger, string network, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Adapter {Network}: discarded, {RuleId}: {Reason}")]
    public static partial void Discarded(ILogger logger, string network, string ruleId, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Adapter {Network}: the homeserver cannot be asked to come again, {Reason}")]
    public static partial void NotSummoned(ILogger logger, string network, string reason);

    [LoggerMessage(7, LogLevel.Error, "Adapter {Network}: a received event could not be submitted: {Failure}")]
    public static partial void SubmitFailed(ILogger logger, string network, string failure);
}

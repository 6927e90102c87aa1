namespace Interconnect.Gateway;

/// <summary>The gateway's own log messages.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Interconnect {Version} runs {Roles}; health, readiness and metrics at {Address}")]
    public static partial void Started(ILogger logger, string version, string roles, string address);

    [LoggerMessage(2, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);
}

using Interconnect.Gateway.Configuration;
using Microsoft.Extensions.Logging.Console;

namespace Interconnect.Gateway.Telemetry;

/// <summary>Structured logs on standard error, UTC with its zone, no scopes. Messages hold no content, keys or identifiers of people; a test searches for them.</summary>
internal static class Logs
{
    private const string Timestamp = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static void Add(ILoggingBuilder logging, LogOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(options.Level);

        // Libraries speak when something is wrong; what they say at lower levels may hold what passes through them.
        logging.AddFilter((category, level) => level >= (category?.StartsWith("Interconnect", StringComparison.Ordinal) == true || options.Level > LogLevel.Warning ? options.Level : LogLevel.Warning));
        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.MaxQueueLength = 10_000;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        if (options.Format == LogFormat.Json)
        {
            logging.AddJsonConsole(json => (json.TimestampFormat, json.UseUtcTimestamp, json.IncludeScopes) = (Timestamp, true, false));
        }
        else
        {
            logging.AddSimpleConsole(text => (text.TimestampFormat, text.UseUtcTimestamp, text.IncludeScopes, text.SingleLine, text.ColorBehavior) = (Timestamp + " ", true, false, true, LoggerColorBehavior.Disabled));
        }
    }
}

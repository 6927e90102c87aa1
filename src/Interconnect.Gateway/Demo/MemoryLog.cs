using System.Text;

namespace Interconnect.Gateway.Demo;

/// <summary>Keeps the gateway's log so that it can be searched and, with --stay, shown.</summary>
internal sealed class MemoryLog(TimeProvider clock, HopLog log) : ILoggerProvider
{
    public const string Place = "log";

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, clock, log);

    public void Dispose()
    {
    }

    private sealed class Category(string name, TimeProvider clock, HopLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Add(Place, Encoding.UTF8.GetBytes($"{clock.GetUtcNow():O} {logLevel} {name}: {formatter(state, exception)} {exception}"));
            }
        }
    }
}

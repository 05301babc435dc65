using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Keeps what a service logs, for failing tests to show.</summary>
sealed class KeptLogs : ILoggerProvider
{
    readonly ConcurrentQueue<string> lines = new();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose() { }

    public override string ToString() => string.Join('\n', lines);

    sealed class Category(KeptLogs logs, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logs.lines.Enqueue($"{logLevel} {name}: {formatter(state, exception)} {exception}");
    }
}

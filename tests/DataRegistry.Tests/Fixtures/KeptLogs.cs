using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Keeps a service's log, for failing tests to show.</summary>
sealed class KeptLogs : ILoggerProvider, ISupportExternalScope
{
    readonly ConcurrentQueue<string> lines = new();
    IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

    public void Dispose() { }

    public int Count => lines.Count;

    /// <summary>All lines but the first ones, of which <paramref name="count"/> are left out.</summary>
    public string After(int count) => string.Join('\n', lines.Skip(count));

    sealed class Category(KeptLogs logs, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logs.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logs.lines.Enqueue($"{logLevel} {name}: {formatter(state, exception)} {exception}{Scopes()}");

        // At the line's end, because tests read its beginning.
        string Scopes()
        {
            var text = new StringBuilder();
            logs.scopes.ForEachScope((scope, all) => all.Append(" => ").Append(scope), text);
            return text.ToString();
        }
    }
}

using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Health;

/// <summary>
/// Checks whether tables and queues answer. One check serves all requests of the next few seconds, and only one runs at
/// a time. So frequent requests cause no load.
/// </summary>
sealed partial class Readiness(
    StorageAccount storage, ProjectTable projects, IEnumerable<QueueFunction> functions, TimeProvider clock, ILogger<Readiness> logger)
    : IDisposable
{
    public const string Tables = "tables";

    static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(5);

    readonly SemaphoreSlim gate = new(1);
    IReadOnlyDictionary<string, bool> known = new Dictionary<string, bool>(StringComparer.Ordinal);
    DateTimeOffset looked = DateTimeOffset.MinValue;

    /// <summary>A slower dependency is not ready. Its client's own retries take longer than a caller would wait.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    public void Dispose() => gate.Dispose();

    /// <summary>Each dependency, and whether it answers.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> LookAsync(CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow() - looked < GoodFor)
            return known;
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (clock.GetUtcNow() - looked < GoodFor)
                return known;
            var answers = await Task.WhenAll(AnswersAsync(Tables, AskTablesAsync), AnswersAsync("queues", AskQueuesAsync));
            (known, looked) = (answers.ToDictionary(StringComparer.Ordinal), clock.GetUtcNow());
            return known;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>
    /// All tables are in one account, and are created together, so one query is enough. The project does not exist, so
    /// no cache answers.
    /// </summary>
    Task AskTablesAsync(CancellationToken cancellationToken) => projects.FindAsync(Guid.Empty, cancellationToken);

    async Task AskQueuesAsync(CancellationToken cancellationToken)
    {
        foreach (var queue in functions.Select(f => f.Queue))
            await storage.Queues.GetQueueClient(queue).GetPropertiesAsync(cancellationToken);
    }

    async Task<KeyValuePair<string, bool>> AnswersAsync(string dependency, Func<CancellationToken, Task> ask)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            await ask(timeout.Token);
            return new(dependency, true);
        }
        catch (Exception e)
        {
            // Only operators see the error.
            Log.NotReady(logger, dependency, e);
            return new(dependency, false);
        }
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Not ready: {Dependency} does not answer")]
        public static partial void NotReady(ILogger logger, string dependency, Exception exception);
    }
}

using System.Diagnostics;
using DataRegistry.Datums;
using DataRegistry.LocalHost;
using DataRegistry.Storage;

namespace DataRegistry.Benchmarks;

/// <summary>
/// An unused storage account, in memory, and its requests. For one arm only, because Azurite slows down as it fills.
/// </summary>
sealed class Arena : IAsyncDisposable
{
    const int WarmUpTransactions = 50;

    readonly Azurite? azurite;

    /// <param name="azurite">Null for one that another process has started.</param>
    Arena(Azurite? azurite, AzuritePorts ports)
    {
        this.azurite = azurite;
        Ports = ports;
        Connection = Azurite.ConnectionStringOf(ports);
        Storage = StorageAccount.FromConnectionString(Connection);
        Requests = new(ports);
    }

    public StorageAccount Storage { get; }

    public string Connection { get; }

    public AzuritePorts Ports { get; }

    public RequestCounter Requests { get; }

    public TimeSpan ProcessorTime
    {
        get
        {
            if (azurite is null)
                return TimeSpan.Zero;
            using var process = Process.GetProcessById(azurite.ProcessId);
            return process.TotalProcessorTime;
        }
    }

    /// <param name="memory">MiB for the account's data; null for the default of Node.js.</param>
    public static async Task<Arena> StartAsync(CancellationToken cancellationToken, int? memory = null)
    {
        var azurite = await Azurite.StartAsync(
            new() { PackageFolder = Path.Combine(RepositoryRoot(), ".local", "azurite"), Memory = memory }, cancellationToken);
        var arena = new Arena(azurite, azurite.Ports);
        await arena.WarmUpAsync(cancellationToken);
        arena.Requests.Reset();
        return arena;
    }

    /// <summary>The storage account of another process, with what is in it.</summary>
    public static Arena Of(AzuritePorts ports) => new(null, ports);

    public async ValueTask DisposeAsync()
    {
        Requests.Dispose();
        if (azurite is not null)
            await azurite.DisposeAsync();
    }

    /// <summary>Uses a table of its own. A new Node compiles at first, unlike a storage account.</summary>
    async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        var table = Storage.Tables.GetTableClient("warmup");
        await table.CreateIfNotExistsAsync(cancellationToken);
        await Parallel.ForEachAsync(Enumerable.Range(0, WarmUpTransactions), cancellationToken, async (n, token) =>
            await table.TrySubmitAsync([.. Enumerable.Range(0, Tables.MaxTransactionActions).Select(i => Change.Add(Row(n, i)))], token));
    }

    static LocationRow Row(int transaction, int index) => new()
    {
        PartitionKey = $"{transaction % 16}",
        RowKey = OrderedKey.Encode($"{transaction}/{index}"),
        Key = $"{transaction}/{index}",
        Datum = Guid.Empty,
        Job = Guid.Empty,
        Project = Guid.Empty,
        AdoptedBy = "nobody",
        Size = 1,
        ObjectETag = "",
        LastModified = DateTimeOffset.UnixEpoch,
    };

    static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new WrongResultException("The benchmarks run from inside the repository, where Functions.sln is.");
    }
}

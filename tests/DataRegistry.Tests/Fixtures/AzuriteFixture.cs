using DataRegistry.LocalHost;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// Azurite in memory for the whole assembly, started by the first test that needs it and ended with the process. Classes of other
/// collections may share it through <see cref="SharedAsync"/>; each test uses a table name of its own.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    /// <summary>The repository's own cache, so that later runs need no network.</summary>
    public static string PackageFolder { get; } = Path.Combine(RepositoryRoot(), ".local", "azurite");

    /// <summary>
    /// Two processes, because one uses one processor only. Once the first has <see cref="Few"/>, accounts go to them in turn.
    /// </summary>
    static readonly Lazy<Task<Azurite>>[] Processes = [new(StartAsync), new(StartAsync)];

    /// <summary>The second process starts with the next account. The console's tests take fewer, so they have one process.</summary>
    const int Few = 300;

    // All of them are in one environment variable, which Linux limits to 128 KiB.
    const int Accounts = 1370;
    static int accounts;

    /// <summary>The connection string of an unused account, with empty tables and queues.</summary>
    public static async Task<string> NewAccountAsync()
    {
        var account = Interlocked.Increment(ref accounts) - 1;
        var process = account < Few ? 0 : account % Processes.Length;
        return account < Accounts
            ? (await Processes[process].Value).ConnectionStringOf(AccountName(account))
            : throw new InvalidOperationException($"The tests use more than {Accounts} storage accounts: raise the number.");
    }

    static string AccountName(int index) => $"a{index:D4}";

    public string ConnectionString { get; private set; } = "";

    public StorageAccount Account { get; private set; } = null!;

    public static Task<Azurite> SharedAsync() => Processes[0].Value;

    /// <summary>The process that listens on a port; null if none of them does.</summary>
    public static Azurite? ListeningOn(int port) => Processes
        .Where(p => p is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }).Select(p => p.Value.Result)
        .FirstOrDefault(a => a.Ports.Blob == port || a.Ports.Queue == port || a.Ports.Table == port);

    /// <summary>A name that no other test has.</summary>
    public static string NewTableName() => $"t{Guid.NewGuid():N}";

    public async Task InitializeAsync()
    {
        ConnectionString = (await SharedAsync()).ConnectionString;
        Account = StorageAccount.FromConnectionString(ConnectionString);
    }

    // The child process ends with this one, because other collections may still be using it.
    public Task DisposeAsync() => Task.CompletedTask;

    static Task<Azurite> StartAsync() => Azurite.StartAsync(new AzuriteOptions
    {
        PackageFolder = PackageFolder,
        MoreAccounts = [.. Enumerable.Range(0, Accounts).Select(AccountName)],
    });

    internal static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run from inside the repository, where Functions.sln is.");
    }
}

[CollectionDefinition(Name)]
public sealed class AzuriteTests : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite";
}

using Azure.Storage.Queues;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>The storage emulator of all tests, for the tests of the heads.</summary>
public sealed class HostStorage : IAsyncLifetime
{
    public string ConnectionString { get; private set; } = "";

    public QueueServiceClient Queues { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        ConnectionString = (await AzuriteFixture.SharedAsync()).ConnectionString;
        Queues = StorageAccount.FromConnectionString(ConnectionString).Queues;
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

using Azure.Storage.Queues;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>The storage emulator, as the tests of the heads see it: the one of all tests.</summary>
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

using Azure.Storage.Queues;

namespace DataRegistry.Tests.Host;

/// <summary>The storage emulator, as the tests of the heads see it.</summary>
public sealed class HostStorage
{
    public string ConnectionString { get; } = Environment.GetEnvironmentVariable("AzureWebJobsStorage") ?? throw new NotSupportedException("No emulator.");

    public QueueServiceClient Queues => new(ConnectionString);
}

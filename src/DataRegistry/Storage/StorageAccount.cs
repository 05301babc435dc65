using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace DataRegistry.Storage;

public sealed class StorageAccount
{
    public TableServiceClient Tables => throw new NotSupportedException();
    public QueueServiceClient Queues => throw new NotSupportedException();
    public BlobServiceClient Blobs => throw new NotSupportedException();
}

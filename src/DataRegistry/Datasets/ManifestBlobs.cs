using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>
/// The manifests of dataset versions.
/// <code>
/// container datasets
///   {version id}/{writer}   a manifest: blocks, then their index. The writer is a request, or the version's job
/// </code>
/// A blob appears as a whole under a name that only its writer has, and never changes. It counts once the version's row names it.
/// </summary>
sealed class ManifestBlobs(BlobServiceClient blobs)
{
    public BlobContainerClient Container { get; } = blobs.GetBlobContainerClient("datasets");

    public static string NameOf(DatasetVersionId version, Guid writer) => $"{version}/{writer:N}";

    public BlockBlobClient Of(string name) => Container.GetBlockBlobClient(name);

    /// <summary>Reads a part of a manifest, in one request.</summary>
    /// <exception cref="ApiException">404: the version was deleted meanwhile.</exception>
    public async Task<byte[]> ReadAsync(string name, long at, long length, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Of(name).DownloadStreamingAsync(new() { Range = new(at, length) }, cancellationToken);
            using var content = answer.Value.Content;
            var bytes = new byte[length];
            await content.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        catch (RequestFailedException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            throw CommonErrors.NotFound.With();
        }
    }

    /// <summary>Deletes what was written for a version. Repeating it changes nothing.</summary>
    /// <param name="except">The blob that counts; null for none.</param>
    public async Task DeleteAsync(DatasetVersionId version, string? except, CancellationToken cancellationToken)
    {
        await foreach (var blob in Container.GetBlobsAsync(new() { Prefix = $"{version}/" }, cancellationToken))
        {
            if (blob.Name != except)
                await DeleteAsync(blob.Name, cancellationToken);
        }
    }

    /// <summary>Deletes one manifest. Repeating it changes nothing.</summary>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        Container.DeleteBlobIfExistsAsync(name, cancellationToken: cancellationToken);
}

using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>Versions that were begun and come to nothing.</summary>
sealed partial class DatasetTable
{
    /// <summary>
    /// Gives up a version that is created: its name is free, and its row stays for the sake of those who made it. Null where it is created
    /// no more: it was published, given up or deleted meanwhile.
    /// </summary>
    /// <param name="status">How its job ended.</param>
    public async Task<DatasetVersionRow?> GiveUpAsync(
        DatasetVersionId id, DatasetVersionStatus status, string? error, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            if (await FindVersionAsync(id, cancellationToken) is not { Status: DatasetVersionStatus.Creating } row)
                return null;
            var ended = row with { Status = status, Error = error };
            var written = await table.TrySubmitAsync(
                [
                    Change.Update(ended, row.ETag),
                    Change.Delete(row.PartitionKey, VersionNameKey(row.DatasetId, row.Name), ETag.All),
                ],
                cancellationToken);
            if (written.IsDone)
                return ended with { ETag = written.ETags[0] };
        }
    }
}

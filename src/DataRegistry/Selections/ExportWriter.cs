using System.Globalization;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Datums;
using DataRegistry.Jobs;

namespace DataRegistry.Selections;

/// <summary>What a window of an export has written.</summary>
sealed record Exported(IReadOnlyList<ExportedFile> Files, List<SkippedItem> Skipped);

/// <summary>
/// Writes the datums of a window to files. A file is a blob of the delivery's own name, and counts once the window's checkpoint names it:
/// what a dead delivery wrote is never seen.
/// </summary>
sealed class ExportWriter(DatumTable datums, AliasTable aliases, JobBlobs blobs, SelectionLimits limits)
{
    /// <summary>Bytes that a file is kept short of its bound by: more than any row has.</summary>
    const int Slack = 128 * 1024;

    public static string BlobOf(JobId job, string name) => $"{job}/export/{name}";

    /// <param name="windows">The items, one part in memory at a time.</param>
    public async Task<Exported> WriteAsync(
        ActionScope scope, WorkRow range, RangeDelivery delivery, IAsyncEnumerable<IReadOnlyList<SelectionItem>> windows,
        CancellationToken cancellationToken)
    {
        var (files, skipped) = (new List<ExportedFile>(), new List<SkippedItem>());
        ExportFile? file = null;
        try
        {
            await foreach (var items in windows.WithCancellation(cancellationToken))
            {
                foreach (var row in await RowsAsync(scope, items, skipped, cancellationToken))
                {
                    if (file?.Bytes >= limits.FileBytes - Slack)
                        await CompleteAsync();
                    file ??= await OpenAsync(files.Count);
                    await file.AddAsync(row, cancellationToken);
                }
            }

            await CompleteAsync();
        }
        finally
        {
            if (file is not null)
                await file.DisposeAsync();
        }

        return new(files, skipped);

        async Task CompleteAsync()
        {
            if (file is null)
                return;
            files.Add(await file.CompleteAsync(cancellationToken));
            file = null;
        }

        async Task<ExportFile> OpenAsync(int number)
        {
            var format = scope.Order.Format!.Value;
            var name = string.Create(
                CultureInfo.InvariantCulture,
                $"{range.Range:D6}-{range.Next:D6}-{number}-{delivery.Id:N}.{format.ToString().ToLowerInvariant()}");
            var stream = await blobs.Container.GetBlockBlobClient(BlobOf(range.JobId, name))
                .OpenWriteAsync(overwrite: true, cancellationToken: cancellationToken);
            return new(name, stream, format);
        }
    }

    async Task<List<ExportRow>> RowsAsync(
        ActionScope scope, IReadOnlyList<SelectionItem> items, List<SkippedItem> skipped, CancellationToken cancellationToken)
    {
        var rows = await datums.FindAsync([.. items.Select(i => i.Id)], cancellationToken);
        var names = await aliases.NamesAsync(items.Select(i => i.Id), cancellationToken);
        var exported = new List<ExportRow>(items.Count);
        foreach (var item in items)
        {
            if (scope.SkipOf(rows.GetValueOrDefault(item.Id)) is { } skip)
                skipped.Add(DatumChanges.Skipped(item, skip));
            else
                exported.Add(ExportRow.From(rows[item.Id], names[item.Id], scope.Scanned));
        }

        return exported;
    }
}

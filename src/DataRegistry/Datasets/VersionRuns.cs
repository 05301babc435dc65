using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datasets;

/// <summary>
/// Sorts the files of a selection by their paths, in constant memory: some at a time become a sorted run in a blob.
/// <see cref="VersionMerge"/> merges them.
/// </summary>
sealed class VersionRuns(DatumTable datums, StoreTable stores, JobBlobs blobs, DatasetLimits limits)
{
    /// <summary>Blobs of items that are read at a time.</summary>
    const int BlobsAtOnce = 2;

    /// <summary>For each run, the blobs of its items. Written with the job.</summary>
    public Task<IReadOnlyList<string>> WindowsAsync(JobRow job, CancellationToken cancellationToken) =>
        blobs.ReadInputAsync(job.JobId, window: 0, cancellationToken);

    /// <summary>
    /// The windows of a version of these results of a selection. A window has blobs of several shards, because partitions of datums are
    /// read side by side.
    /// </summary>
    public List<string> WindowsOf(IEnumerable<ResultsRow> results)
    {
        return ResultsRow.Joined(results.OrderBy(WindowOf).ThenBy(r => r.RowKey, StringComparer.Ordinal), limits.RunItems);

        static int WindowOf(ResultsRow row) =>
            int.Parse(row.RowKey.AsSpan(row.RowKey.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Writes one run. A repetition writes a blob of another name; the window's checkpoint names the one that counts.</summary>
    public async Task<WindowDone> WriteAsync(
        WorkRow range, RangeDelivery delivery, string[] items, VersionSource source, CancellationToken cancellationToken)
    {
        using var run = new RunBuffer();
        var skipped = new List<SkippedItem>();
        var entry = new ArrayBufferWriter<byte>(1024);
        var prefixes = new ConcurrentDictionary<Guid, string>();
        var bytes = 0L;
        await Parallel.ForEachAsync(
            items, new ParallelOptions { MaxDegreeOfParallelism = BlobsAtOnce, CancellationToken = cancellationToken },
            async (blob, token) =>
        {
            var chosen = await blobs.ReadResultsAsync(blob, 0, SelectionEndpoints.Json.SelectionItem, token).ToListAsync(token);
            foreach (var store in chosen.Select(i => i.Store).Distinct().Where(s => !prefixes.ContainsKey(s)))
                prefixes[store] = (await stores.FindWithoutSecretAsync(store, token))?.Prefix ?? "";
            foreach (var part in SelectionItem.ByRows(chosen))
            {
                var rows = await datums.FindAsync([.. part.Select(i => i.Id)], token);
                lock (run)
                {
                    foreach (var item in part)
                        bytes += Add(item, rows.GetValueOrDefault(item.Id));
                }
            }
        });

        var name = string.Create(CultureInfo.InvariantCulture, $"{range.JobId}/runs/{range.Next:D6}-{delivery.Id:N}");
        run.Sort();
        if (run.Count > 0)
            await StoredRun.WriteAsync(blobs, name, run, cancellationToken);
        skipped.Sort((a, b) => OrderedKey.Compare(a.Uri, b.Uri));
        var told = new Counts { Skipped = skipped.Count };
        var results = await blobs.WriteWindowResultsAsync(
            range, delivery, skipped, told, SelectionEndpoints.Json.SkippedItem, cancellationToken)
            ?? WorkTable.NewResults(range.JobId, range, blob: "", default);
        return new(
            told with { Done = run.Count, Bytes = bytes }, results with { Files = new EntryRun(name, run.Count).Write() }, After: null,
            Ends: false);

        long Add(SelectionItem item, DatumRow? row)
        {
            var path = DatasetPath.Of(item.Key, prefixes[item.Store], source.Root);
            if ((source.Scope.SkipOf(row) ?? SkipOf(row!, path)) is { } skip)
            {
                skipped.Add(DatumChanges.Skipped(item, skip));
                return 0;
            }

            RunEntry.Write(ManifestEntry.From(path, row!), entry);
            run.Add(entry.WrittenSpan);
            return row!.Size;
        }
    }

    /// <summary>A selection may be of purged datums, and keys may be no paths. A version has neither.</summary>
    static DatumChange.Skip? SkipOf(DatumRow row, string path) =>
        row.Purged is not null ? new("already_purged", "The datum is purged.")
        : DatasetPath.IsValid(path) ? null
        : new("invalid_path", $"The key is no path of a version. {DatasetPath.Requirement}");
}

using DataRegistry.Jobs;

namespace DataRegistry.Datasets;

/// <summary>
/// Merges the sorted runs of a version to its manifest, and publishes it. A step is a window: it stages a part of the manifest's blob, and
/// its checkpoint names the part and the positions in the runs. So another delivery continues there, and a death costs one step. Only the
/// last step makes the blob appear.
/// </summary>
sealed class VersionMerge(
    WorkTable work, JobBlobs blobs, ManifestBlobs manifests, DatasetVersions versions, DatasetLimits limits, TimeProvider clock)
{
    /// <summary>Bytes that are read of a run at a time, at most.</summary>
    const int MaxPieceBytes = 1024 * 1024;

    /// <summary>
    /// Memory for reading all runs, in bytes. A run has at least the largest entry's, and the pool's arrays may be twice as large as asked.
    /// </summary>
    const int ReadBytes = 16 * 1024 * 1024;

    /// <summary>Opens the merge where the checkpoints left it. Null if there is nothing to merge.</summary>
    /// <param name="runs">The number of the job's runs. Their windows come before those of the merge.</param>
    public async Task<OpenMerge?> OpenAsync(
        JobRow job, DatasetVersionRow version, int runs, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        var rows = await work.ListResultsAsync(job.JobId, null, cancellationToken).Where(r => r.Files is not null)
            .ToListAsync(cancellationToken);
        var stored = rows.Take(runs).Select(r => EntryRun.Read(r.Files!)).Where(r => r.Entries > 0).ToList();
        if (stored.Count == 0)
            return null;
        var file = new ManifestFile(manifests.Of(ManifestBlobs.NameOf(version.VersionId, job.Id)));
        IReadOnlyList<long> positions = new long[stored.Count];
        foreach (var row in rows.Skip(runs))
        {
            var step = await blobs.ReadResultsAsync(row.Files!, 0, ManifestLines.Step, cancellationToken).SingleAsync(cancellationToken);
            file.ContinueAfter(step.Part);
            positions = step.Positions;
        }

        var piece = Math.Min(MaxPieceBytes, ReadBytes / stored.Count);
        return new(
            file, [.. stored.Zip(positions, (run, at) => new StoredRun(run.Blob, at, piece, blobs))],
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, delivery.Stop));
    }

    /// <summary>Does a step. A repeated call has the same result, because the bytes of a manifest depend on its entries alone.</summary>
    public async Task<WindowDone> RunAsync(
        OpenMerge merge, JobRow job, WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        if (job.MissingOf(range.Counts) is { } missing)
            return WindowDone.Failed(missing);
        var began = clock.GetUtcNow();
        for (var items = 1; await merge.Entries.MoveNextAsync(); items++)
        {
            var entry = RunEntry.Read(merge.Entries.Current.Entry.Span);
            if (await merge.File.AddAsync(entry, cancellationToken) is { } twice)
                return WindowDone.Failed(
                    $"Datums {twice.First} and {twice.Second} have the same path, '{twice.Path}'. A path has one file: select less.");
            // Two versions that differ in a few files have equal blocks, so a step never cuts one.
            if (merge.File.IsAtBlockEnd && (items >= limits.MergeItems || clock.GetUtcNow() - began >= limits.MergeTime))
                return await CheckpointAsync(merge, range, delivery, cancellationToken);
        }

        return await CompleteAsync(merge, job, range, cancellationToken);
    }

    async Task<WindowDone> CheckpointAsync(
        OpenMerge merge, WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        var step = new MergeStep(await merge.File.EndPartAsync(cancellationToken), [.. merge.Positions]);
        var name = await blobs.WriteResultsAsync(
            range.JobId, JobBlobs.PartOf(range, delivery), [step], ManifestLines.Step, cancellationToken);
        merge.Next = range.Next + 1;
        return new(
            default, WorkTable.NewResults(range.JobId, range, blob: "", default) with { Files = name }, After: null, Ends: false);
    }

    /// <summary>Compares the sums, and only then makes the blob and publishes the version.</summary>
    async Task<WindowDone> CompleteAsync(OpenMerge merge, JobRow job, WorkRow range, CancellationToken cancellationToken)
    {
        if ((merge.File.Count, merge.File.Bytes) != (range.Counts.Done, range.Counts.Bytes))
            return WindowDone.Failed(
                $"The manifest has {merge.File.Count} files of {merge.File.Bytes} bytes, and not {range.Counts.Done} of "
                + $"{range.Counts.Bytes}.");
        var manifest = await merge.File.CompleteAsync(cancellationToken);
        return await versions.PublishAsync(DatasetVersionId.Of(VersionOrder.Read(job.Parameters!).Version), manifest, cancellationToken)
            is null
            ? WindowDone.Failed("The version was deleted.")
            : WindowDone.Last;
    }
}

/// <summary>A step of a merge, as a blob keeps it.</summary>
/// <param name="Positions">In each run that is not empty, the position of the first entry after the step.</param>
sealed record MergeStep(ManifestPart Part, IReadOnlyList<long> Positions);

/// <summary>A merge while one delivery works on it.</summary>
/// <param name="stop">Ends the reading of the runs.</param>
sealed class OpenMerge(ManifestFile file, IReadOnlyList<StoredRun> runs, CancellationTokenSource stop) : IDisposable
{
    public ManifestFile File => file;

    public IAsyncEnumerator<(ReadOnlyMemory<byte> Entry, long Count)> Entries { get; } =
        SortedRuns.MergeAsync(runs, stop.Token).GetAsyncEnumerator(CancellationToken.None);

    /// <summary>Between two entries: where each run continues.</summary>
    public IEnumerable<long> Positions => runs.Select(r => r.Position);

    /// <summary>The window that continues with it; null before the first one.</summary>
    public int? Next { get; set; }

    public void Dispose()
    {
        file.Dispose();
        foreach (var run in runs)
            run.Dispose();
        stop.Dispose();
    }
}

using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Makes a job's input from a manifest, a file in the store that lists it: first sorted runs, then windows. The work
/// takes as many messages as it needs; each continues from the checkpoint of the one before.
/// </summary>
sealed partial class ManifestStaging(
    JobTable jobs, WorkTable work, JobBlobs blobs, RangeQueue queue, StoreTable stores, Buckets buckets, TimeProvider clock,
    IOptions<JobOptions> options, ILogger<ManifestStaging> logger)
{
    /// <summary>
    /// The most bytes of a manifest. At 60 bytes a line these are some 35 million lines, in 256 runs that are merged at
    /// once.
    /// </summary>
    public const long MaxBytes = 2L * 1024 * 1024 * 1024;

    const int MaxRuns = 256;

    /// <summary>The limit for a part of 4 to 8 MB. A worker's lease at the store ends a little later.</summary>
    static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(4);

    /// <summary>The work between two checkpoints of the merge, counted in different URLs.</summary>
    const int WindowsPerCheckpoint = 10;

    /// <summary>The rows of a job whose manifest is to be staged.</summary>
    public static (WorkRow Range, ManifestRow Manifest) NewRows(
        JobId job, S3Object file, KeyGlobs exclude, JobOptions options) =>
        (WorkTable.NewRange(job, 0, 0, 1) with { Kind = WorkKind.Manifest },
         new()
         {
             PartitionKey = WorkTable.PartitionOf(job),
             RowKey = WorkTable.ManifestKey,
             Key = file.Key,
             ObjectETag = file.ETag,
             Size = file.Size,
             RunBytes = (int)Math.Max(options.RunBytes, (file.Size + MaxRuns - 1) / MaxRuns),
             WindowKeys = options.WindowKeys,
             WindowsPerRange = options.WindowsPerRange,
             Exclude = exclude.Write(),
         });

    /// <summary>The error for a store that does not allow reads.</summary>
    public static string NotReadable(Store store) => $"Store '{store.Name}' does not allow reads, so a manifest in it cannot be used.";

    /// <summary>Continues the work until it is done, or until the time of one message is over.</summary>
    /// <exception cref="BucketException">The bucket cannot be read now.</exception>
    public async Task<RangeOpening> RunAsync(
        AdoptionScope scope, WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        var until = clock.GetUtcNow().AddSeconds(options.Value.RangeSeconds);
        while (true)
        {
            var row = await FindAsync(range.JobId, cancellationToken)
                ?? throw new InvalidDataException($"Job {range.JobId} has no manifest.");
            // Check each time: results show lines of the file, which nobody may read once the store forbids it.
            if (await stores.FindWithoutSecretAsync(scope.Store.Id, cancellationToken) is { AllowRead: false } store)
                return new RangeOpening.Failed($"{NotReadable(store)} Nothing was adopted.");
            if (row.Runs < row.AllRuns)
            {
                if (await ReadRunAsync(scope, row, delivery, cancellationToken) is { } error)
                    return new RangeOpening.Failed(error);
            }
            else if (await MergeAsync(scope, row, until, cancellationToken) is { } merged)
            {
                await CompleteAsync(range, merged, cancellationToken);
                return new RangeOpening.Done();
            }

            // A cancelled job does not finish its manifest.
            if (await jobs.FindAsync(range.JobId, cancellationToken) is not { Status: JobStatus.Running })
                return new RangeOpening.Done();
            if (clock.GetUtcNow() >= until)
            {
                await HandOnAsync(range, cancellationToken);
                return new RangeOpening.HandedOn();
            }

            await delivery.RenewLeaseAsync(cancellationToken);
        }
    }

    /// <summary>Writes the next run; returns the manifest's error, or null.</summary>
    async Task<string?> ReadRunAsync(
        AdoptionScope scope, ManifestRow row, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        using var urls = new RunBuffer();
        using var timeout = new CancellationTokenSource(RunTimeout, clock);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, delivery.Stop, timeout.Token);
        var run = new ManifestRun(row, row.Runs, scope.Store.Configuration.Bucket, urls);
        try
        {
            await using var content = await buckets.Open(scope.Store).GetAsync(
                row.Key, range: run.Bytes, ifMatch: row.ObjectETag, cancellationToken: reading.Token);
            if (content is null)
                return $"The manifest {new S3Url(
                    scope.Store.Configuration.Bucket,
                    row.Key)} was changed or deleted while it was read. Nothing was adopted: start again.";
            if (content.Length != run.Bytes.Last - run.Bytes.First + 1)
                throw new BucketException(
                    BucketFault.Unexpected,
                    $"The server of bucket '{scope.Store.Configuration.Bucket}' does not send the requested part of a file.");
            if (await run.ReadAsync(content.Body, reading.Token) is { } problem)
                return $"{problem} Nothing was adopted.";
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BucketException(
                BucketFault.Unreachable, $"A part of the manifest did not arrive within {RunTimeout.TotalMinutes} minutes.")
            {
                IsTimeout = true,
            };
        }

        urls.Sort();
        await StoredRun.WriteAsync(blobs, JobBlobs.RunName(scope.Job, row.Runs), urls, cancellationToken);
        Log.Run(logger, scope.Job, row.Runs + 1, row.AllRuns, urls.Count);
        await SaveAsync(row, row with { Runs = row.Runs + 1, Urls = row.Urls + urls.Count }, cancellationToken);
        return null;
    }

    /// <summary>
    /// Merges the runs into windows, up to their end, and returns the row. Null if the time is over before, or another
    /// delivery is further.
    /// </summary>
    async Task<ManifestRow?> MergeAsync(AdoptionScope scope, ManifestRow row, DateTimeOffset until, CancellationToken cancellationToken)
    {
        List<StoredRun> runs =
            [.. row.StartOfRuns().Select(
                (start, i) => new StoredRun(
                    JobBlobs.RunName(scope.Job, i), start, SortedRuns.MergeBytes / Math.Max(1, row.AllRuns), blobs))];
        try
        {
            var input = InputOf(scope, row);
            var sinceCheckpoint = 0;
            await foreach (var (url, count) in SortedRuns.MergeAsync(runs, cancellationToken))
            {
                await input.AddAsync(url, count, cancellationToken);
                // Count URLs, not time, so that every delivery makes the same windows.
                if (++sinceCheckpoint < row.WindowKeys * WindowsPerCheckpoint)
                    continue;
                sinceCheckpoint = 0;
                if (await SaveAsync(scope.Job, row, input, runs, cancellationToken) is not { } saved || clock.GetUtcNow() >= until)
                    return null;
                row = saved;
                input = InputOf(scope, row);
            }

            return await SaveAsync(scope.Job, row, input, runs, cancellationToken);
        }
        finally
        {
            runs.ForEach(r => r.Dispose());
        }
    }

    InputWriter InputOf(AdoptionScope scope, ManifestRow row) =>
        new(blobs, scope.Job, scope.Store, KeyGlobs.Read(row.Exclude), row.WindowKeys)
        {
            Windows = row.Windows,
            FirstRefused = row.RefusedBlobs,
        };

    /// <summary>Null if another delivery is further.</summary>
    async Task<ManifestRow?> SaveAsync(
        JobId job, ManifestRow row, InputWriter input, IEnumerable<RunCursor> runs, CancellationToken cancellationToken)
    {
        await input.CompleteAsync(cancellationToken);
        await work.AddAsync(job, [], input.Results, cancellationToken);
        return await SaveAsync(row, row with
        {
            Positions = ManifestRow.PositionsOf(runs),
            Windows = input.Windows,
            RefusedBlobs = row.RefusedBlobs + input.Results.Count,
            Failed = row.Failed + input.Refused.Failed,
            Skipped = row.Skipped + input.Refused.Skipped,
        }, cancellationToken);
    }

    Task<ManifestRow?> FindAsync(JobId job, CancellationToken cancellationToken) =>
        work.Table.FindAsync<ManifestRow>(WorkTable.PartitionOf(job), WorkTable.ManifestKey, cancellationToken: cancellationToken);

    /// <summary>
    /// Writes the manifest's progress. Null if another delivery is further, or if this very write succeeded and its
    /// answer was lost. The caller then reads the row again.
    /// </summary>
    async Task<ManifestRow?> SaveAsync(ManifestRow before, ManifestRow after, CancellationToken cancellationToken)
    {
        var written = await work.Table.TrySubmitAsync([Change.Update(after, before.ETag)], cancellationToken);
        return written.IsDone ? after with { ETag = written.ETags[0] } : null;
    }

    /// <summary>
    /// Writes the job's total and ranges, then the end of its staging. After a death in between it is repeated.
    /// </summary>
    async Task CompleteAsync(WorkRow range, ManifestRow row, CancellationToken cancellationToken)
    {
        await jobs.ChangeAsync(range.JobId, job => job.Total == row.Urls ? null : job with { Total = row.Urls }, cancellationToken);
        await work.AddAsync(
            range.JobId, InputWriter.Ranges(range.JobId, row.Windows, row.WindowsPerRange, first: 1), [], cancellationToken);
        // Null: another delivery has done the same, or the job is being cancelled.
        await work.CheckpointAsync(
            range,
            range with
            {
                Next = range.End,
                Counts = new() { Failed = row.Failed, Skipped = row.Skipped },
                Delivery = Guid.NewGuid(),
                Replans = 0,
            },
            null, cancellationToken);
        Log.Staged(logger, range.JobId, row.Urls, row.Windows);
    }

    /// <summary>Sends a new message for the rest.</summary>
    async Task HandOnAsync(WorkRow range, CancellationToken cancellationToken)
    {
        var next = await work.CheckpointAsync(
            range, range with { Epoch = range.Epoch + 1, Delivery = Guid.NewGuid(), Replans = 0 }, null, cancellationToken)
            ?? await work.FindAsync(range.JobId, range.Range, cancellationToken);
        if (next is { IsDone: false } && next.Sent < next.Epoch)
            await queue.SendAsync(next, cancellationToken);
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Job {Job}: run {Run} of {Runs} of its manifest is staged, {Urls} URLs")]
        public static partial void Run(ILogger logger, JobId job, int run, int runs, int urls);

        [LoggerMessage(LogLevel.Information, "Job {Job}: its manifest's {Urls} URLs are staged in {Windows} windows")]
        public static partial void Staged(ILogger logger, JobId job, long urls, int windows);
    }
}

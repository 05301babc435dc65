using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Datasets;

/// <summary>A file of a version, as exports and CSV tell it: the facts of its manifest.</summary>
sealed record DatasetFileRow(
    string Path, string Id, string Name, string Uri, string Store, string Key, long Size, string Etag, string? VersionId,
    DateTimeOffset? LastModified, string? Md5, string? Sha1, string? Sha256)
{
    public static ExportTable<DatasetFileRow> Table { get; } = new(
        VersionJobEndpoints.Json.DatasetFileRow,
        new TextColumn<DatasetFileRow>("path", r => r.Path, isRequired: true),
        new TextColumn<DatasetFileRow>("id", r => r.Id, isRequired: true),
        new TextColumn<DatasetFileRow>("name", r => r.Name, isRequired: true),
        new TextColumn<DatasetFileRow>("uri", r => r.Uri, isRequired: true),
        new TextColumn<DatasetFileRow>("store", r => r.Store, isRequired: true),
        new TextColumn<DatasetFileRow>("key", r => r.Key, isRequired: true),
        new NumberColumn<DatasetFileRow>("size", r => r.Size),
        new TextColumn<DatasetFileRow>("etag", r => r.Etag, isRequired: true),
        new TextColumn<DatasetFileRow>("version_id", r => r.VersionId),
        new TimeColumn<DatasetFileRow>("last_modified", r => r.LastModified),
        new TextColumn<DatasetFileRow>("md5", r => r.Md5),
        new TextColumn<DatasetFileRow>("sha1", r => r.Sha1),
        new TextColumn<DatasetFileRow>("sha256", r => r.Sha256));

    public static DatasetFileRow From(ManifestEntry entry) => new(
        entry.Path, entry.Datum.ToString(), entry.Name, entry.Uri, entry.Store.ToString("D"), entry.Key, entry.Size, entry.Etag,
        entry.VersionId, entry.LastModified, entry.Md5, entry.Sha1, entry.Sha256);
}

/// <summary>Begins exports of versions.</summary>
sealed class VersionExports(WorkTable work, JobBlobs blobs, JobStarter starts, SelectionLimits limits, TimeProvider clock)
{
    /// <summary>The job, or the one that a request with the same key made; null where the project has as many as it may.</summary>
    /// <param name="key">Null for none.</param>
    public async Task<JobRow?> BeginAsync(
        DatasetVersionRow version, ExportFormat format, string createdBy, RequestKey? key, CancellationToken cancellationToken)
    {
        if (await starts.RepeatAsync(version.VersionId.Value.Partition >> 4, key, cancellationToken) is { } repeated)
            return repeated;
        var id = JobId.Create(clock.GetUtcNow(), version.VersionId.Value.Partition >> 4);
        var windows = (int)((version.Count + limits.ExportItems - 1) / limits.ExportItems);
        var range = WorkTable.NewRange(id, 0, 0, windows);
        await blobs.MarkAsync(id, cancellationToken);
        await work.AddAsync(id, [range], [], cancellationToken);
        var job = JobTable.NewRow(id, Guid.Empty, version.Project, createdBy) with
        {
            Kind = JobKind.DatasetExport,
            Parameters = new VersionOrder(version.Id) { Format = format }.Write(),
            Expires = clock.GetUtcNow() + limits.KeptFor,
            Total = version.Count,
        };
        var start = await starts.TryStartAsync(job, [range], key, cancellationToken);
        if (start is JobStart.Started started)
            return started.Job;
        return await starts.TakeBackAsync(id, start, key, cancellationToken);
    }
}

/// <summary>
/// Jobs that export a version. There is one range. Each window reads some files of the manifest, and goes on where the one before ended.
/// </summary>
sealed class VersionExportKind(
    ProjectTable projects, DatasetTable datasets, ManifestReader manifests, ExportFiles exports, SelectionLimits limits) : IJobKind
{
    public JobKind Kind => JobKind.DatasetExport;

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        var order = VersionOrder.Read(job.Parameters!);
        if (await datasets.FindVersionAsync(DatasetVersionId.Of(order.Version), cancellationToken) is not { Manifest: { } manifest })
            return new JobOpening.Failed("The version was deleted.");
        return await projects.FindAsync(job.Project, cancellationToken) is not null
            ? new JobOpening.Opened(new VersionExportRun(
                job, new(manifest, order.Format!.Value, manifests, exports, limits.ExportItems)))
            : new JobOpening.Failed("The project is not there any more.");
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job)
    {
        var order = VersionOrder.Read(job.Parameters!);
        return new(order.EventOf(job.Status), DatasetVersionId.Of(order.Version).ToString())
        {
            Project = job.Project,
            Details = new()
            {
                ["job"] = job.JobId.ToString(),
                ["format"] = Fields.WireName(order.Format!.Value),
                ["status"] = JobStatuses.NameOf(job.Status),
                ["count"] = job.Counts.Done,
            },
        };
    }
}

/// <summary>A job that exports a version, as a worker has opened it.</summary>
sealed class VersionExportRun(JobRow job, VersionExportWork work) : TableJobRun(job)
{
    protected override Task<RangeWork> WorkAsync(CancellationToken cancellationToken) => Task.FromResult<RangeWork>(work);
}

/// <summary>Writes files of a version to files of an export.</summary>
/// <param name="items">Files of the version in a window.</param>
sealed class VersionExportWork(
    Manifest manifest, ExportFormat format, ManifestReader manifests, ExportFiles exports, int items) : RangeWork
{
    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        await using var files = exports.Begin(range, delivery, format, DatasetFileRow.Table);
        var (done, last) = (0, range.After);
        await foreach (var entry in manifests.ReadAsync(manifest, new(After: range.After), items, cancellationToken).Take(items))
        {
            await files.AddAsync(DatasetFileRow.From(entry), cancellationToken);
            (done, last) = (done + 1, entry.Path);
        }

        var results = await files.CompleteAsync(results: null, cancellationToken);
        return new(new Counts { Done = done }, results, last, Ends: range.Next + 1 >= range.End);
    }
}

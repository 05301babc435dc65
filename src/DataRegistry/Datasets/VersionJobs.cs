using System.Security.Cryptography;
using System.Text;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>Begins versions that jobs make of selections.</summary>
sealed class VersionJobs(
    DatasetTable datasets, VersionSettlement settlement, VersionRuns runs, JobTable jobs, WorkTable work, JobBlobs blobs, JobStarter starts,
    SelectionLimits limits, TimeProvider clock)
{
    /// <summary>
    /// Takes the name, writes the job and begins it. A repetition with the same key finds the version and goes on with what a death left.
    /// </summary>
    /// <param name="selection">Frozen, of the dataset's project, and not empty.</param>
    /// <param name="key">The caller's Idempotency-Key; null for none.</param>
    public async Task<VersionMade> BeginAsync(
        DatasetRow dataset, NewVersion version, JobRow selection, string? key, CancellationToken cancellationToken)
    {
        var asked = KeyOf(
            version.CreatedBy, dataset.Project, key, "create", dataset.Id.ToString("N"), version.Name.Value, selection.Id.ToString("N"),
            version.Previous?.ToString("N") ?? "");
        if (asked is not null && await jobs.FindKeyAsync(selection.JobId.Slot, asked, cancellationToken) is { } known)
            return await RepeatedAsync(asked, known, cancellationToken);
        while (true)
        {
            var id = JobId.Create(clock.GetUtcNow(), selection.JobId.Slot);
            switch (await datasets.BeginAsync(
                dataset, version with { Job = id.Value.ToGuid(), Request = asked?.Key }, dead: null, cancellationToken))
            {
                case VersionStart.Begun begun:
                    return await StartAsync(begun.Version, selection, asked, cancellationToken);
                case VersionStart.NameTaken { Version: var other }:
                    if (asked is not null && other.Request == asked.Key && other.Status == DatasetVersionStatus.Creating)
                        return await StartAsync(other, selection, asked, cancellationToken);
                    if (await settlement.SettleAsync(other, cancellationToken) is
                        { Status: DatasetVersionStatus.Creating or DatasetVersionStatus.Completed })
                        return new VersionMade.NotBegun(new VersionStart.NameTaken(other));
                    // It was given up: its name is free.
                    break;
                case var refused:
                    return new VersionMade.NotBegun(refused);
            }
        }
    }

    /// <summary>Writes the job and begins it. Repeating it writes the same.</summary>
    async Task<VersionMade> StartAsync(
        DatasetVersionRow version, JobRow selection, RequestKey? key, CancellationToken cancellationToken)
    {
        var id = new JobId(TimedId.FromGuid(version.Job!.Value));
        if (await jobs.FindAsync(id, cancellationToken) is { Status: not JobStatus.Staging } begun)
            return new VersionMade.Begun(version, begun);
        var windows = runs.WindowsOf(
            await work.ListResultsAsync(selection.JobId, null, cancellationToken).ToListAsync(cancellationToken));
        await blobs.WriteInputAsync(id, window: 0, windows, cancellationToken);
        var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
        await work.AddAsync(id, [range], [], cancellationToken);
        var job = JobTable.NewRow(id, selection.Store, selection.Project, version.CreatedBy) with
        {
            Kind = JobKind.DatasetVersion,
            Parameters = (new VersionOrder(version.Id) { Selection = selection.Id }).Write(),
            Expires = clock.GetUtcNow() + limits.KeptFor,
            Total = selection.Counts.Done,
        };
        var start = await starts.TryStartAsync(job, [range], key, cancellationToken);
        if (start is JobStart.Started started)
            return new VersionMade.Begun(version, started.Job);
        await datasets.GiveUpAsync(version.VersionId, DatasetVersionStatus.Failed, "The job was not begun.", CancellationToken.None);
        await work.DeleteAsync(id, CancellationToken.None);
        await blobs.TryDeleteAsync($"{id}/", CancellationToken.None);
        return start is JobStart.Repeated { Key: var known }
            ? await RepeatedAsync(key!, known, cancellationToken)
            : new VersionMade.TooManyJobs();
    }

    /// <exception cref="ApiException">The key stands for another request; or for a version that was deleted.</exception>
    async Task<VersionMade> RepeatedAsync(RequestKey key, JobKeyRow known, CancellationToken cancellationToken)
    {
        if (known.Body != key.Body)
            throw IdempotencyKey.OtherBody();
        return await starts.ContinueAsync(known.JobId, cancellationToken) is { Kind: JobKind.DatasetVersion } job
            && await datasets.FindVersionAsync(
                DatasetVersionId.Of(VersionOrder.Read(job.Parameters!).Version), cancellationToken) is { } version
            ? new VersionMade.Begun(version, job)
            : throw CommonErrors.NotFound.With();
    }

    /// <param name="key">The header; null for none.</param>
    /// <param name="asked">All that the request asks for.</param>
    public static RequestKey? KeyOf(string caller, Guid project, string? key, params string[] asked) =>
        key is null ? null : new(HashOf([caller, project.ToString("N"), key]), HashOf(asked));

    static string HashOf(string[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(parts.Select(p => $"{p.Length}:{p}")))));
}

/// <summary>What became of beginning a version of a selection.</summary>
abstract record VersionMade
{
    VersionMade() { }

    /// <summary>Its job is there, and works on it or will.</summary>
    public sealed record Begun(DatasetVersionRow Version, JobRow Job) : VersionMade;

    /// <summary>Its row is not there, and why.</summary>
    public sealed record NotBegun(VersionStart Reason) : VersionMade;

    /// <summary>The project has as many jobs under way as it may. The name is free again.</summary>
    public sealed record TooManyJobs : VersionMade;
}

using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>The store, the project and the user of an adoption.</summary>
/// <param name="By">The caller's name, as datums and jobs keep it.</param>
/// <param name="AdoptChanged">See <see cref="AdoptionScope.AdoptChanged"/>.</param>
sealed record AdoptionOrder(Store Store, Project Project, string By, bool AdoptChanged = false)
{
    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? Tags { get; init; }

    /// <summary>The request's Idempotency-Key; null if none.</summary>
    public RequestKey? Key { get; init; }

    public AdoptionScope ScopeOf(JobId job, bool atOnce) =>
        new(job, Store, Project, By, atOnce) { AdoptChanged = AdoptChanged, Tags = Tags };
}

/// <summary>Makes jobs of lists, manifests and prefixes.</summary>
sealed class AdoptionRequests(
    JobTable jobs, JobStarter starter, WorkTable work, JobBlobs blobs, TimeProvider clock, IOptions<JobOptions> options)
{
    /// <summary>Makes a job of a prefix. Its one range is the whole prefix; the first worker cuts it.</summary>
    public async Task<JobStart> AcceptAsync(AdoptionOrder order, KeySelection selection, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), order.Project.Slot);
        var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
        var job = selection.Into(NewJob(id, order));
        job = job with { LastTotal = await jobs.FindLastTotalAsync(job, cancellationToken) };
        await blobs.MarkAsync(id, cancellationToken);
        await work.AddAsync(id, [range], [], cancellationToken);
        return await StartAsync(job, [range], order, cancellationToken);
    }

    /// <summary>
    /// Makes a job of a list. It writes everything before the first message, and sends that before the answer makes the
    /// job visible. A death in between leaves a running job, or rows and blobs that nobody sees and the collection
    /// deletes.
    /// </summary>
    /// <param name="stagingToken">Cancels it while nothing counts yet.</param>
    public async Task<JobStart> AcceptAsync(
        AdoptionOrder order, StagedUrls urls, KeyGlobs exclude, CancellationToken stagingToken,
        CancellationToken cancellationToken)
    {
        // The limit is checked again with the job. This check avoids staging a list in vain.
        if (await jobs.CountActiveAsync(order.Project.Slot, cancellationToken) >= options.Value.JobsPerProject)
            return new JobStart.TooMany();
        var id = JobId.Create(clock.GetUtcNow(), order.Project.Slot);
        var input = new InputWriter(blobs, id, order.Store, exclude, options.Value.WindowKeys);
        try
        {
            await foreach (var (url, count) in urls.SortAsync(stagingToken))
                await input.AddAsync(url, count, stagingToken);
            await input.CompleteAsync(stagingToken);
        }
        catch
        {
            await blobs.TryDeleteAsync($"{id}/", CancellationToken.None);
            throw;
        }

        var ranges = InputWriter.Ranges(id, input.Windows, options.Value.WindowsPerRange, first: 0);
        await work.AddAsync(id, ranges, input.Results, cancellationToken);

        var job = NewJob(id, order) with
        {
            Total = urls.Count,
            Counts = input.Refused,
            Refused = input.Refused,
            Exclude = exclude.Write(),
        };
        return await StartAsync(job, ranges, order, cancellationToken);
    }

    /// <summary>Makes a job of a file that lists URLs. The job reads it, not this request.</summary>
    public async Task<JobStart> AcceptAsync(
        AdoptionOrder order, S3Object manifest, KeyGlobs exclude, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), order.Project.Slot);
        var (range, row) = ManifestStaging.NewRows(id, manifest, exclude, options.Value);
        await blobs.MarkAsync(id, cancellationToken);
        // "Already there" is our own row after a lost answer: the job's id is new.
        await work.Table.TrySubmitAsync([Change.Add(range), Change.Add(row)], cancellationToken);
        var job = NewJob(id, order) with { Manifest = manifest.Key, Exclude = exclude.Write() };
        return await StartAsync(job, [range], order, cancellationToken);
    }

    static JobRow NewJob(JobId id, AdoptionOrder order) =>
        JobTable.NewRow(id, order.Store.Id, order.Project.Id, order.By) with
        {
            AdoptChanged = order.AdoptChanged ? true : null,
            AdoptedTags = order.Tags,
        };

    async Task<JobStart> StartAsync(
        JobRow job, IReadOnlyList<WorkRow> ranges, AdoptionOrder order, CancellationToken cancellationToken)
    {
        var start = await starter.TryStartAsync(job, ranges, order.Key, cancellationToken);
        if (start is JobStart.Started)
            return start;
        await work.DeleteAsync(job.JobId, cancellationToken);
        await blobs.TryDeleteAsync($"{job.JobId}/", CancellationToken.None);
        return start;
    }
}

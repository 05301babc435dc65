using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>What became of a list that was adopted at once: every URL is in exactly one of the three.</summary>
sealed record AdoptionAnswer(
    JobId Id, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, AdoptionOutcome.AlreadyTracked> Existing,
    IReadOnlyList<AdoptionFailure> Errors);

/// <summary>Takes adoptions on: a short list is done at once, a long one becomes a job.</summary>
sealed class AdoptionRequests(
    JobTable jobs, JobStarter starts, WorkTable work, JobBlobs blobs, Buckets buckets, ObjectFinder finder, Adopter adopter,
    DatumHashing hashing, HashQueue hashes, TimeProvider clock, IOptions<JobOptions> options)
{
    /// <exception cref="BucketException">S3 cannot be asked now. What was adopted stays; the same request can be repeated.</exception>
    public async Task<AdoptionAnswer> AdoptAsync(
        Store store, Project project, string adoptedBy, AdoptionInput input, CancellationToken cancellationToken)
    {
        var bucket = buckets.Open(store);
        var scope = new AdoptionScope(JobId.Create(clock.GetUtcNow(), project.Slot), store, project, adoptedBy, AtOnce: true);
        var unhashed = new HashSet<string>(StringComparer.Ordinal);
        var outcomes = await adopter.AdoptAsync(
            scope, input.Keys, (keys, token) => adopter.LocateAsync(store, keys, token), FindAsync, cancellationToken);

        var created = new Dictionary<string, DatumId>(StringComparer.Ordinal);
        var existing = new Dictionary<string, AdoptionOutcome.AlreadyTracked>(StringComparer.Ordinal);
        // A repetition has its answer where the URL has it.
        var errors = input.Refused.Where(r => r.Code != AdoptionFailure.DuplicateCode).ToList();
        foreach (var (key, outcome) in input.Keys.Zip(outcomes))
        {
            var url = new S3Url(store.Configuration.Bucket, key).ToString();
            switch (outcome)
            {
                case AdoptionOutcome.Created c:
                    created.Add(url, c.Datum);
                    break;
                case AdoptionOutcome.AlreadyTracked t:
                    existing.Add(url, t);
                    break;
                default:
                    errors.Add(AdoptionFailure.Of(outcome, url, store)!);
                    break;
            }
        }

        var skipped = input.Refused.Count(r => r.Outcome == AdoptionFailure.Skipped);
        var counts = new Counts
        {
            Created = created.Count,
            Existing = existing.Count,
            Failed = errors.Count(e => e.Outcome != AdoptionFailure.Skipped),
            Skipped = skipped,
        };
        counts.Measure(JobKind.Adoption);
        if (store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(
                input.Keys.Zip(outcomes).Where(
                    o => unhashed.Contains(o.First)).Select(o => o.Second).OfType<AdoptionOutcome.Created>().Select(c => c.Datum),
                    cancellationToken);
        return new(scope.Job, created, existing, errors);

        async Task<IReadOnlyList<Probe>> FindAsync(IReadOnlyList<string> wanted, CancellationToken token)
        {
            var probes = await finder.HeadAsync(bucket, store.Prefix, wanted, token);
            var found = await hashing.HashAtOnceAsync(store, bucket, [.. probes.Select(p => p.Object)], token);
            unhashed.UnionWith(found.OfType<S3Object>().Where(o => o.Sha256 is null).Select(o => o.Key));
            return [.. probes.Zip(found, (probe, hashed) => probe with { Object = hashed })];
        }
    }

    /// <summary>
    /// Makes a job of a prefix. Its one range is everything; whoever begins with it shares it out. Null, as for the others, where the
    /// project has
    /// as many jobs as it may.
    /// </summary>
    public async Task<JobRow?> AcceptAsync(
        Store store, Project project, string createdBy, KeySelection selection, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), project.Slot);
        var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
        var job = selection.Into(JobTable.NewRow(id, store.Id, project.Id, createdBy));
        job = job with { LastTotal = await jobs.FindLastTotalAsync(job, cancellationToken) };
        await blobs.MarkAsync(id, cancellationToken);
        await work.AddAsync(id, [range], [], cancellationToken);
        return await StartAsync(job, [range], cancellationToken);
    }

    /// <summary>
    /// Makes a job of a list. Everything is written before the first message, and that before the answer; the job shows only then.
    /// A death on the way leaves nothing that anybody sees and that is not collected, or a job that runs.
    /// </summary>
    /// <param name="stagingToken">Ends it while there is nothing yet that counts.</param>
    public async Task<JobRow?> AcceptAsync(
        Store store, Project project, string createdBy, StagedUrls urls, IReadOnlyList<KeyGlob> exclude, CancellationToken stagingToken,
        CancellationToken cancellationToken)
    {
        // It is looked at again once the job is there; this spares putting a list away in vain.
        if (await jobs.CountActiveAsync(project.Slot, cancellationToken) >= options.Value.JobsPerProject)
            return null;
        var id = JobId.Create(clock.GetUtcNow(), project.Slot);
        var input = new InputWriter(blobs, id, store, exclude, options.Value.WindowKeys);
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

        return await StartAsync(
            JobTable.NewRow(
                id, store.Id, project.Id, createdBy) with
            { Total = urls.Count, Counts = input.Refused, Refused = input.Refused }, ranges,
                cancellationToken);
    }

    /// <summary>Makes a job of a file that lists what to adopt. It is read by the job, not here.</summary>
    public async Task<JobRow?> AcceptAsync(
        Store store, Project project, string createdBy, S3Object manifest, IReadOnlyList<KeyGlob> exclude,
        CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), project.Slot);
        var (range, row) = ManifestStaging.NewRows(id, manifest, exclude, options.Value);
        await blobs.MarkAsync(id, cancellationToken);
        // "Already there" is our own after a lost answer: the job's id is new.
        await work.Table.TrySubmitAsync([Change.Add(range), Change.Add(row)], cancellationToken);
        return await StartAsync(JobTable.NewRow(id, store.Id, project.Id, createdBy), [range], cancellationToken);
    }

    async Task<JobRow?> StartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        if (await starts.TryStartAsync(job, ranges, cancellationToken) is { } started)
            return started;
        await work.DeleteAsync(job.JobId, cancellationToken);
        await blobs.TryDeleteAsync($"{job.JobId}/", CancellationToken.None);
        return null;
    }
}

using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
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
    JobTable jobs, JobStarter starts, WorkTable work, JobBlobs blobs, Buckets buckets, ObjectFinder finder, ChangeFinder changes,
    Adopter adopter, DatumHashing hashing, HashQueue hashes, TimeProvider clock, IOptions<JobOptions> options)
{
    /// <summary>
    /// A HEAD for each URL that has no location, and for each that has, to tell whether it has changed; a LIST where a HEAD tells something
    /// else than was adopted.
    /// </summary>
    /// <exception cref="BucketException">S3 cannot be asked now. What was adopted stays; the same request can be repeated.</exception>
    public async Task<AdoptionAnswer> AdoptAsync(AdoptionOrder order, AdoptionInput input, CancellationToken cancellationToken)
    {
        var store = order.Store;
        var bucket = buckets.Open(store);
        var scope = order.ScopeOf(JobId.Create(clock.GetUtcNow(), order.Project.Slot), atOnce: true);
        var unhashed = new HashSet<string>(StringComparer.Ordinal);
        var outcomes = await adopter.AdoptAsync(
            scope, input.Keys, (keys, token) => adopter.LocateAsync(store, keys, token), FindAsync, LookAsync, cancellationToken);

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

        errors = await FolderHints.AddAsync(bucket, errors, cancellationToken);
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

        async Task<IReadOnlyList<Probe>> FindAsync(IReadOnlyList<string> wanted, CancellationToken token) =>
            await HashedAsync(await finder.HeadAsync(bucket, store.Prefix, wanted, token), token);

        async Task<IReadOnlyDictionary<string, Probe>> LookAsync(IReadOnlyList<LocatedRow> located, CancellationToken token)
        {
            if (!order.AdoptChanged)
                return await changes.GlanceAsync(bucket, store.Prefix, located, token);
            var differing = await changes.ByHeadAsync(bucket, store.Prefix, located, token);
            var own = located.Where(r => r.Project == order.Project.Id && differing.ContainsKey(r.Key)).Select(r => r.Key).ToList();
            var hashed = own.Zip(await HashedAsync(own.ConvertAll(key => differing[key]), token));
            return differing.ExceptBy(own, d => d.Key, StringComparer.Ordinal)
                .Concat(hashed.Select(h => KeyValuePair.Create(h.First, h.Second))).ToDictionary(StringComparer.Ordinal);
        }

        async Task<IReadOnlyList<Probe>> HashedAsync(IReadOnlyList<Probe> probes, CancellationToken token)
        {
            var found = await hashing.HashAtOnceAsync(store, bucket, [.. probes.Select(p => p.Object)], token);
            unhashed.UnionWith(found.OfType<S3Object>().Where(o => o.Sha256 is null).Select(o => o.Key));
            return [.. probes.Zip(found, (probe, hashed) => probe with { Object = hashed })];
        }
    }

    /// <summary>
    /// Makes a job of a prefix. Its one range is everything, and the worker that begins with it shares it out. Null, as for the others, where
    /// the project has as many jobs as it may.
    /// </summary>
    public async Task<JobRow?> AcceptAsync(AdoptionOrder order, KeySelection selection, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), order.Project.Slot);
        var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
        var job = selection.Into(NewRow(id, order));
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
        AdoptionOrder order, StagedUrls urls, IReadOnlyList<KeyGlob> exclude, CancellationToken stagingToken,
        CancellationToken cancellationToken)
    {
        // It is looked at again once the job is there; this spares putting a list away in vain.
        if (await jobs.CountActiveAsync(order.Project.Slot, cancellationToken) >= options.Value.JobsPerProject)
            return null;
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

        var job = NewRow(id, order) with
        {
            Total = urls.Count,
            Counts = input.Refused,
            Refused = input.Refused,
            Exclude = KeyPatterns.Write(exclude),
        };
        return await StartAsync(job, ranges, cancellationToken);
    }

    /// <summary>Makes a job of a file that lists what to adopt. It is read by the job, not here.</summary>
    public async Task<JobRow?> AcceptAsync(
        AdoptionOrder order, S3Object manifest, IReadOnlyList<KeyGlob> exclude, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), order.Project.Slot);
        var (range, row) = ManifestStaging.NewRows(id, manifest, exclude, options.Value);
        await blobs.MarkAsync(id, cancellationToken);
        // "Already there" is our own after a lost answer: the job's id is new.
        await work.Table.TrySubmitAsync([Change.Add(range), Change.Add(row)], cancellationToken);
        var job = NewRow(id, order) with { Manifest = manifest.Key, Exclude = KeyPatterns.Write(exclude) };
        return await StartAsync(job, [range], cancellationToken);
    }

    static JobRow NewRow(JobId id, AdoptionOrder order) =>
        JobTable.NewRow(id, order.Store.Id, order.Project.Id, order.OrderedBy) with
        {
            AdoptChanged = order.AdoptChanged ? true : null,
            AdoptedTags = order.Tags,
        };

    async Task<JobRow?> StartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        if (await starts.TryStartAsync(job, ranges, cancellationToken) is { } started)
            return started;
        await work.DeleteAsync(job.JobId, cancellationToken);
        await blobs.TryDeleteAsync($"{job.JobId}/", CancellationToken.None);
        return null;
    }
}

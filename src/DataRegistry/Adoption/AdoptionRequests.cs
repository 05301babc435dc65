using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>What became of a list that was adopted at once: every URL is in exactly one of the three.</summary>
sealed record AdoptionAnswer(JobId Id, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, AdoptionOutcome.AlreadyTracked> Existing, IReadOnlyList<AdoptionFailure> Errors);

/// <summary>Takes adoptions on: a short list is done at once, a long one becomes a job.</summary>
sealed class AdoptionRequests(
    JobTable jobs, WorkTable work, JobBlobs blobs, AdoptQueue queue, Buckets buckets, ObjectFinder finder, Adopter adopter, DatumHashing hashing, HashQueue hashes, AuditTrail trail, TimeProvider clock, IOptions<AdoptionOptions> options)
{
    /// <exception cref="BucketException">S3 cannot be asked now. What was adopted stays; the same request can be repeated.</exception>
    public async Task<AdoptionAnswer> AdoptAsync(Store store, Project project, string adoptedBy, AdoptionInput input, CancellationToken cancellationToken)
    {
        var bucket = buckets.Open(store);
        var scope = new AdoptionScope(JobId.Create(clock.GetUtcNow(), project.Slot), store, project, adoptedBy, AtOnce: true);
        var unhashed = new HashSet<string>(StringComparer.Ordinal);
        var outcomes = await adopter.AdoptAsync(scope, input.Keys, FindAsync, cancellationToken);

        var created = new Dictionary<string, DatumId>(StringComparer.Ordinal);
        var existing = new Dictionary<string, AdoptionOutcome.AlreadyTracked>(StringComparer.Ordinal);
        // A repetition has its answer where the URL has it.
        var errors = input.Refused.Where(r => r.Outcome == AdoptionFailure.Failed).ToList();
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

        if (store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(input.Keys.Zip(outcomes).Where(o => unhashed.Contains(o.First)).Select(o => o.Second).OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);
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
    /// Makes a job of a list. Everything is written before the first message, and that before the answer; the job shows only then.
    /// A death on the way leaves nothing that anybody sees, or a job that runs.
    /// </summary>
    public async Task<JobRow> AcceptAsync(Store store, Project project, string createdBy, AdoptionInput input, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), project.Slot);
        var windows = await blobs.WriteInputAsync(id, input.Keys, options.Value.WindowKeys, cancellationToken);
        var perRange = options.Value.WindowsPerRange;
        var ranges = Enumerable.Range(0, (windows + perRange - 1) / perRange)
            .Select(r => WorkTable.NewRange(id, r, r * perRange, Math.Min(windows, (r + 1) * perRange))).ToList();

        var skipped = input.Refused.Count(r => r.Outcome == AdoptionFailure.Skipped);
        var counts = new Counts(0, 0, input.Refused.Count - skipped, skipped);
        var refused = input.Refused.Count == 0
            ? null
            : WorkTable.NewResults(id, null, await blobs.WriteResultsAsync(id, "input", input.Refused, cancellationToken), counts);
        await work.AddAsync(id, ranges, refused, cancellationToken);

        var job = JobTable.NewRow(id, store.Id, project, createdBy) with { Total = input.Total, Counts = counts };
        await jobs.Table.AddEntityAsync(job, cancellationToken);
        foreach (var range in ranges.Take(options.Value.MessagesPerJob))
            await queue.SendAsync(range, cancellationToken);
        if (ranges.Count == 0)
        {
            if (await jobs.FinishAsync(id, default, cancellationToken) is not { } finished)
                return await jobs.FindAsync(id, cancellationToken) ?? job;
            await trail.RecordAsync(new AuditActor(createdBy), finished.FinishedEvent());
            return finished;
        }

        // Null: a worker has it already, and it shows as running.
        return await jobs.ChangeAsync(id, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken)
            ?? await jobs.FindAsync(id, cancellationToken) ?? job;
    }
}

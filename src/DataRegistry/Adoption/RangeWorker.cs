using System.Globalization;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Works a range off, window by window, and brings its job on. What both queue functions of adoption do.</summary>
sealed partial class RangeWorker(
    JobTable jobs, WorkTable work, JobBlobs blobs, AdoptQueue queue, StoreTable stores, ProjectTable projects, Buckets buckets, ObjectFinder finder,
    Adopter adopter, HashQueue hashes, AuditTrail trail, TimeProvider clock, IOptions<AdoptionOptions> options, ILogger<RangeWorker> logger)
{
    /// <summary>
    /// From the range's position to its end, or to the end of the time that one message may take: then the rest is handed on.
    /// Where another delivery of the same message has got further it goes on from there, and never ends well while nobody else is bound
    /// to go on: it may be the one with which the message is deleted, and the other may be dead by now.
    /// </summary>
    /// <param name="giveUp">Null to ask S3; else S3 is not asked about the next window, and what has no location there fails with this. The rest of the range is handed on.</param>
    public async Task RunAsync(WorkRow range, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var delivery = Guid.NewGuid();
        var until = clock.GetUtcNow().AddSeconds(options.Value.RangeSeconds);
        await jobs.StartAsync(range.JobId, cancellationToken);
        if (await ScopeAsync(range.JobId, cancellationToken) is not { } scope)
            return;
        while (!range.IsDone)
        {
            var after = await RunWindowAsync(scope, range, delivery, until, giveUp, cancellationToken);
            if (after is null)
            {
                Log.Overtaken(logger, range.JobId, range.Range, range.Epoch);
                if (await work.FindAsync(range.JobId, range.Range, cancellationToken) is not { } now)
                    return;
                if (now.Epoch == range.Epoch || now.IsDone)
                {
                    range = now;
                    continue;
                }

                if (now.Sent < now.Epoch)
                    await queue.SendAsync(now, cancellationToken);
                return;
            }

            Log.Window(logger, after.JobId, after.Range, range.Next, after.Created - range.Created, after.Existing - range.Existing, after.Failed - range.Failed);
            var handedOn = after.Epoch != range.Epoch;
            range = after;
            if (handedOn)
            {
                await queue.SendAsync(range, cancellationToken);
                return;
            }
        }

        await AdvanceAsync(range.JobId, cancellationToken);
    }

    /// <summary>After a range: the next ones are queued; after the last, the job is finished. Repeating it changes nothing.</summary>
    public async Task AdvanceAsync(JobId job, CancellationToken cancellationToken)
    {
        var counts = default(Counts);
        var underWay = 0;
        var waiting = new List<WorkRow>();
        await foreach (var range in work.ListAsync(job, cancellationToken))
        {
            counts += range.Counts;
            if (range.IsDone)
                continue;
            if (range.Sent == range.Epoch)
                underWay++;
            else
                waiting.Add(range);
        }

        foreach (var range in waiting.Take(options.Value.MessagesPerJob - underWay))
            await queue.SendAsync(range, cancellationToken);
        if (underWay + waiting.Count == 0 && await jobs.FinishAsync(job, counts, cancellationToken) is { } finished)
        {
            Log.Finished(logger, job, finished.Status, finished.Created, finished.Existing, finished.Failed, finished.Skipped);
            await trail.RecordAsync(new AuditActor(finished.CreatedBy), finished.FinishedEvent());
        }
    }

    async Task<WorkRow?> RunWindowAsync(
        AdoptionScope scope, WorkRow range, Guid delivery, DateTimeOffset until, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var keys = await blobs.ReadInputAsync(range.JobId, range.Next, cancellationToken);
        var outcomes = await adopter.AdoptAsync(
            scope, keys,
            (wanted, token) => giveUp is null
                ? finder.FindAsync(buckets.Open(scope.Store), scope.Store.Prefix, wanted, token)
                : Task.FromResult<IReadOnlyList<Probe>>([.. wanted.Select(_ => new Probe(null, giveUp))]),
            cancellationToken);

        var failures = keys.Zip(outcomes, (key, outcome) => AdoptionFailure.Of(outcome, new S3Url(scope.Store.Configuration.Bucket, key).ToString(), scope.Store))
            .OfType<AdoptionFailure>().ToList();
        var counts = new Counts(outcomes.OfType<AdoptionOutcome.Created>().Count(), outcomes.OfType<AdoptionOutcome.AlreadyTracked>().Count(), failures.Count, 0);
        var results = failures.Count == 0 ? null : WorkTable.NewResults(
            range.JobId, range,
            await blobs.WriteResultsAsync(range.JobId, string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery:N}"), failures, cancellationToken),
            counts);

        if (scope.Store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(outcomes.OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);

        // A window's troubles are its own: the next one has all its tries before it.
        var after = range with { Next = range.Next + 1, Counts = range.Counts + counts, Delivery = delivery, Replans = 0 };
        if (!after.IsDone && (giveUp is not null || clock.GetUtcNow() >= until))
            after = after with { Epoch = after.Epoch + 1 };
        return await work.CheckpointAsync(range, after, results, cancellationToken);
    }

    /// <summary>Null where the job is gone or at its end, or its store or project is gone, with which it ends: nothing is to be done then.</summary>
    async Task<AdoptionScope?> ScopeAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { } job || job.Status.IsTerminal())
        {
            Log.Gone(logger, id);
            return null;
        }

        var store = await stores.FindAsync(job.Store, cancellationToken);
        var project = await projects.FindAsync(job.Project, cancellationToken);
        if (store is { Deleted: false } && project is not null)
            return new(id, store, project, job.CreatedBy, AtOnce: false);

        var done = default(Counts);
        await foreach (var range in work.ListAsync(id, cancellationToken))
            done += range.Counts;
        var gone = store is { Deleted: false } ? "project" : "store";
        if (await jobs.FailAsync(id, done, $"The job's {gone} is not there any more. What was adopted stays.", cancellationToken) is { } failed)
            await trail.RecordAsync(new AuditActor(failed.CreatedBy), failed.FinishedEvent());
        return null;
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: window {Window} done, {Created} created, {Existing} existing, {Failed} failed")]
        public static partial void Window(ILogger logger, JobId job, int range, int window, long created, long existing, long failed);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: another delivery of epoch {Epoch} is further")]
        public static partial void Overtaken(ILogger logger, JobId job, int range, int epoch);

        [LoggerMessage(LogLevel.Information, "Job {Job} {Status}: {Created} created, {Existing} existing, {Failed} failed, {Skipped} skipped")]
        public static partial void Finished(ILogger logger, JobId job, JobStatus status, long created, long existing, long failed, long skipped);

        [LoggerMessage(LogLevel.Warning, "Job {Job} has a message, but it is gone or at its end: nothing is done")]
        public static partial void Gone(ILogger logger, JobId job);
    }
}

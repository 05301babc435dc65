using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>Adopts a window of a job, and writes the results of its failed and skipped inputs.</summary>
sealed class WindowWriter(Adopter adopter, JobBlobs blobs, HashQueue hashes)
{
    /// <summary>A repeated call has the same result.</summary>
    public async Task<WindowDone> WriteAsync(
        AdoptionScope scope, WorkRow range, Window window, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        var find = delivery.BucketUnavailable is { } unavailable ? FailAll(unavailable) : window.Find;
        var look = delivery.BucketUnavailable is null ? window.Look : null;
        var outcomes = await adopter.AdoptAsync(scope, window.Keys, window.Locate, find, look, cancellationToken);
        var failures = window.Keys.Zip(outcomes, (key, outcome) => FailureOf(scope.Store, key, outcome)).OfType<AdoptionFailure>()
            .Concat(window.Skipped).ToList();
        var skipped = failures.Count(f => f.Outcome == AdoptionFailure.Skipped);
        var told = new Counts { Failed = failures.Count - skipped, Skipped = skipped };
        var results = await blobs.WriteWindowResultsAsync(range, delivery, failures, told, AdoptionFailure.Stored, cancellationToken);

        if (scope.Store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(outcomes.OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);
        var counts = told with
        {
            Created = outcomes.Count(o => o is AdoptionOutcome.Created),
            Existing = outcomes.Count(o => o is AdoptionOutcome.AlreadyTracked),
            Replaced = outcomes.Count(o => o is AdoptionOutcome.Created { Replaces: true }),
            Differing = outcomes.Count(o => o is AdoptionOutcome.AlreadyTracked { IsChanged: true }),
        };
        return new(counts, results, window.After, window.Ends);
    }

    static Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> FailAll(BucketException failure) =>
        (wanted, _) => Task.FromResult<IReadOnlyList<Probe>>([.. wanted.Select(_ => new Probe(null, failure))]);

    static AdoptionFailure? FailureOf(Store store, string key, AdoptionOutcome outcome) =>
        AdoptionFailure.Of(outcome, new S3Url(store.Configuration.Bucket, key).ToString(), store);
}

using System.Text.Json.Serialization;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>
/// Reports the plan that an adoption would execute now, and writes nothing. The state may have changed when the
/// adoption is made.
/// </summary>
sealed class DryRun(
    WindowReaders readers, Adopter adopter, ObjectFinder finder, ChangeFinder changes, Buckets buckets, TimeProvider clock)
{
    /// <summary>The most URLs, or objects of a prefix, that are checked for an immediate answer: a worker's window.</summary>
    public const int MaxUrls = 10_000;

    const int MaxSample = 100;

    /// <summary>
    /// Checks the first keys of a prefix. If there are more, the counts are of the first ones only, and the answer says
    /// so.
    /// </summary>
    /// <exception cref="BucketException">S3 cannot be asked.</exception>
    public async Task<DryRunBody> RunAsync(AdoptionOrder order, KeySelection selection, CancellationToken cancellationToken)
    {
        var scope = ScopeOf(order);
        var windows = await readers.OpenPrefixAsync(scope, selection, buckets.Open(order.Store), MaxUrls, cancellationToken);
        var window = await windows.ReadAsync(WorkTable.NewRange(scope.Job, range: 0, first: 0, end: 1), cancellationToken);
        var plan = await AdoptionPlan.MakeAsync(scope, window.Keys, window.Locate, window.Find, window.Look, cancellationToken);
        var told = Tell(order.Store, window.Ends, window.Keys, plan, window.Skipped, MaxSample / 2);
        return told with { LeftOut = LeftOut(order.Store, selection, window.LeftOut) };
    }

    static LeftOutBody? LeftOut(Store store, KeySelection selection, LeftOutKeys keys) => keys.Count == 0 ? null : new(
        keys.Count,
        [.. keys.First.Select(left =>
        {
            var url = new S3Url(store.Configuration.Bucket, left.Key).ToString();
            var failure = ReferenceEquals(left.Pattern, selection.Pattern)
                ? AdoptionFailure.Unmatched(url, left.Pattern)
                : AdoptionFailure.Excluded(url, left.Pattern);
            return new DryRunItem(failure.Url, failure.Outcome, failure.Code, failure.Message);
        })]);

    /// <exception cref="BucketException">S3 cannot be asked now.</exception>
    public async Task<DryRunBody> RunAsync(
        AdoptionOrder order, IReadOnlyList<string> urls, KeyGlobs exclude, CancellationToken cancellationToken)
    {
        var (store, bucket) = (order.Store, buckets.Open(order.Store));
        var input = AdoptionInput.Sort(urls, store, exclude, cancellationToken);
        // Like the adoption itself: existing URLs of a long list are checked only on request.
        LookAtLocated? look = order.AdoptChanged
            ? (located, token) => changes.ByListAndHeadAsync(bucket, store.Prefix, located, token)
            : urls.Count <= JobOptions.MaxUrlsAtOnce ? (located, token) => changes.GlanceAsync(bucket, store.Prefix, located, token)
            : null;
        var plan = await AdoptionPlan.MakeAsync(
            ScopeOf(order), input.Keys, (keys, token) => adopter.LocateAsync(store, keys, token),
            (wanted, token) => finder.FindAsync(bucket, store.Prefix, wanted, token), look, cancellationToken);
        return Tell(store, complete: true, input.Keys, plan, input.Refused, MaxSample);
    }

    AdoptionScope ScopeOf(AdoptionOrder order) => order.ScopeOf(JobId.Create(clock.GetUtcNow(), order.Project.Slot), atOnce: true);

    static DryRunBody Tell(
        Store store, bool complete, IReadOnlyList<string> keys, AdoptionPlan plan, IReadOnlyList<AdoptionFailure> refused, int maxFailures)
    {
        List<string> existing = [.. keys.Where(plan.Located.ContainsKey)], created = [.. keys.Where(plan.Creates)];
        List<AdoptionFailure> failures = [
            .. refused,
            .. keys.Where(
                k => !plan.Located.ContainsKey(k) && !plan.Creates(k)).Select(
                    k => AdoptionFailure.Of(plan.FailureOf(k), UrlOf(k), store)!)];
        var failed = failures.Count(r => r.Outcome == AdoptionFailure.Failed);
        return new(
            true, complete, new(keys.Count + refused.Count, created.Count, existing.Count, failed, failures.Count - failed),
            [.. failures.OrderBy(
                r => r.Outcome == AdoptionFailure.Skipped).Select(
                    r => new DryRunItem(r.Url, r.Outcome, r.Code, r.Message)).Take(maxFailures)
                .Concat(
                    existing.Select(key => new DryRunItem(UrlOf(key), "existing", null, AdoptionFailure.Exists(UrlOf(key), store).Message)
                    {
                        Changed = plan.Changed.Contains(key) ? true : null,
                    }))
                .Concat(created.Select(key => new DryRunItem(UrlOf(key), "created", null, null)))
                .Take(MaxSample)]);

        string UrlOf(string key) => new S3Url(store.Configuration.Bucket, key).ToString();
    }
}

/// <param name="Complete">Whether the whole input was checked.</param>
/// <param name="Sample">Up to 100 items; those that would fail come first.</param>
sealed record DryRunBody(bool DryRun, bool Complete, DryRunCounts Counts, IReadOnlyList<DryRunItem> Sample)
{
    /// <summary>What the patterns of a prefix leave out; null for nothing, and for a list, whose URLs are all counted.</summary>
    public LeftOutBody? LeftOut { get; init; }
}

/// <summary>Objects below a prefix that its patterns leave out. They are in no other count.</summary>
/// <param name="Sample">Up to 50 of them, with the pattern in the message.</param>
sealed record LeftOutBody(int Count, IReadOnlyList<DryRunItem> Sample);

sealed record DryRunCounts(int Total, int Created, int Existing, int Failed, int Skipped);

/// <param name="Outcome"><c>failed</c>, <c>skipped</c>, <c>existing</c> or <c>created</c>.</param>
sealed record DryRunItem(string Url, string Outcome, string? Code, string? Message)
{
    /// <summary>True for an existing one whose object differs from the adopted one; else left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Changed { get; init; }
}

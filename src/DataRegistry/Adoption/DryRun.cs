using DataRegistry.Datums;
using DataRegistry.Stores;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Tells what an adoption would do now, and writes nothing. Until it is adopted, others may have changed that.</summary>
sealed class DryRun(LocationTable locations, ObjectFinder finder, Buckets buckets, IOptions<AdoptionOptions> options)
{
    /// <summary>URLs, or objects of a prefix, that are looked at, so that it is answered at once: a worker's window.</summary>
    public const int MaxUrls = 10_000;

    const int MaxSample = 100;

    /// <summary>Of a prefix its first keys are looked at; where there are more, the counts are of those only, and say so.</summary>
    /// <exception cref="BucketException">S3 cannot be asked.</exception>
    public async Task<DryRunBody> RunAsync(Store store, KeySelection selection, CancellationToken cancellationToken)
    {
        var pager = await ObjectPager.OpenAsync(buckets.Open(store), selection.Prefix, cancellationToken);
        List<string> keys = [], skipped = [];
        var (after, looked) = ((string?)null, 0);
        do
        {
            var page = await pager.ReadAsync(after, cancellationToken);
            looked += page.Objects.Count;
            foreach (var found in page.Objects.Where(o => selection.Matches(o.Key)))
                (found.IsFolderMark ? skipped : keys).Add(found.Key);
            after = page.LastKey;
        }
        while (after is not null && looked < MaxUrls);

        var located = await locations.FindAsync(store.Id, keys, options.Value.TableRequestsInFlight, cancellationToken);
        var existing = keys.Where(k => located.TryGetValue(k, out var row) && !row.IsFree).ToHashSet(StringComparer.Ordinal);
        return new(
            true, after is null, new(keys.Count + skipped.Count, keys.Count - existing.Count, existing.Count, 0, skipped.Count),
            [.. skipped.Select(key => AdoptionFailure.Directory(UrlOf(key))).Select(r => new DryRunItem(r.Url, r.Outcome, r.Code, r.Message)).Take(MaxSample / 2)
                .Concat(keys.Select(key => existing.Contains(key)
                    ? new DryRunItem(UrlOf(key), "existing", null, AdoptionFailure.Exists(UrlOf(key), store).Message)
                    : new DryRunItem(UrlOf(key), "created", null, null))).Take(MaxSample)]);

        string UrlOf(string key) => new S3Url(store.Configuration.Bucket, key).ToString();
    }

    /// <exception cref="BucketException">S3 cannot be asked now.</exception>
    public async Task<DryRunBody> RunAsync(Store store, IReadOnlyList<string> urls, IReadOnlyList<KeyGlob> exclude, CancellationToken cancellationToken)
    {
        var input = AdoptionInput.Sort(urls, store, exclude);
        var located = await locations.FindAsync(store.Id, input.Keys, options.Value.TableRequestsInFlight, cancellationToken);
        List<string> existing = [.. input.Keys.Where(IsTracked)], wanted = [.. input.Keys.Where(k => !IsTracked(k))];
        var probes = wanted.Count == 0 ? [] : await finder.FindAsync(buckets.Open(store), store.Prefix, wanted, cancellationToken);

        var created = new List<string>();
        var refused = input.Refused.ToList();
        foreach (var (key, probe) in wanted.Zip(probes))
        {
            if (probe.Object is not null)
                created.Add(key);
            else
                refused.Add(probe.Failure is { } failure ? new(UrlOf(key), AdoptionFailure.Failed, failure.Code, failure.Message) : AdoptionFailure.Missing(UrlOf(key), store));
        }

        var failed = refused.Count(r => r.Outcome == AdoptionFailure.Failed);
        return new(
            true, true, new(urls.Count, created.Count, existing.Count, failed, refused.Count - failed),
            [.. refused.OrderBy(r => r.Outcome == AdoptionFailure.Skipped).Select(r => new DryRunItem(r.Url, r.Outcome, r.Code, r.Message))
                .Concat(existing.Select(key => new DryRunItem(UrlOf(key), "existing", null, AdoptionFailure.Exists(UrlOf(key), store).Message)))
                .Concat(created.Select(key => new DryRunItem(UrlOf(key), "created", null, null)))
                .Take(MaxSample)]);

        bool IsTracked(string key) => located.TryGetValue(key, out var row) && !row.IsFree;
        string UrlOf(string key) => new S3Url(store.Configuration.Bucket, key).ToString();
    }
}

/// <param name="Complete">Whether all of the input was looked at.</param>
/// <param name="Sample">Up to 100, what would fail first.</param>
sealed record DryRunBody(bool DryRun, bool Complete, DryRunCounts Counts, IReadOnlyList<DryRunItem> Sample);

sealed record DryRunCounts(int Total, int Created, int Existing, int Failed, int Skipped);

/// <param name="Outcome"><c>failed</c>, <c>skipped</c>, <c>existing</c> or <c>created</c>.</param>
sealed record DryRunItem(string Url, string Outcome, string? Code, string? Message);

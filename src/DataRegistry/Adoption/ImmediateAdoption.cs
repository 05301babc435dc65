using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>The outcome of a list that was adopted at once. Every URL is in exactly one of the three.</summary>
sealed record AdoptionAnswer(
    JobId Id, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, AdoptionOutcome.AlreadyTracked> Existing,
    IReadOnlyList<AdoptionFailure> Errors);

/// <summary>Adopts a short list while the request waits.</summary>
sealed class ImmediateAdoption(
    Buckets buckets, ObjectFinder finder, ChangeFinder changes, Adopter adopter, DatumHashing hashing, HashQueue hashes, TimeProvider clock)
{
    /// <summary>
    /// Sends a HEAD for each URL: to find a new object, or to see whether an existing one has changed. Sends a LIST if
    /// a HEAD differs from the adopted object.
    /// </summary>
    /// <exception cref="BucketException">S3 cannot be asked now. Adopted objects stay; the same request can be
    /// repeated.</exception>
    /// <param name="id">The id to adopt under, of an earlier delivery of the same request; null for a new one.</param>
    public async Task<AdoptionAnswer> AdoptAsync(
        AdoptionOrder order, AdoptionInput input, CancellationToken cancellationToken, JobId? id = null)
    {
        var store = order.Store;
        var bucket = buckets.Open(store);
        var scope = order.ScopeOf(id ?? JobId.Create(clock.GetUtcNow(), order.Project.Slot), atOnce: true);
        var unhashed = new HashSet<string>(StringComparer.Ordinal);
        var outcomes = await adopter.AdoptAsync(
            scope, input.Keys, (keys, token) => adopter.LocateAsync(store, keys, token), FindAsync, LookAsync, cancellationToken);
        var answer = AnswerOf(scope, input, outcomes);
        answer = answer with { Errors = await FolderHints.AddAsync(bucket, answer.Errors, cancellationToken) };
        if (store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(answer.Created.Where(c => unhashed.Contains(c.Key)).Select(c => c.Value), cancellationToken);
        return answer;

        async Task<IReadOnlyList<Probe>> FindAsync(IReadOnlyList<string> wanted, CancellationToken token) =>
            await HashedAsync(await ProbesAsync(wanted, token), token);

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
            unhashed.UnionWith(found.OfType<S3Object>().Where(o => o.Sha256 is null).Select(o => UrlOf(store, o.Key)));
            return [.. probes.Zip(found, (probe, hashed) => probe with { Object = hashed })];
        }

        // A bucket that answers for no key is an error of each key, because other URLs of the list may exist already.
        async Task<IReadOnlyList<Probe>> ProbesAsync(IReadOnlyList<string> wanted, CancellationToken token)
        {
            try
            {
                return await finder.HeadAsync(bucket, store.Prefix, wanted, token);
            }
            catch (BucketException e) when (!e.IsTransient)
            {
                return [.. wanted.Select(_ => new Probe(null, e))];
            }
        }
    }

    static AdoptionAnswer AnswerOf(AdoptionScope scope, AdoptionInput input, IReadOnlyList<AdoptionOutcome> outcomes)
    {
        var created = new Dictionary<string, DatumId>(StringComparer.Ordinal);
        var existing = new Dictionary<string, AdoptionOutcome.AlreadyTracked>(StringComparer.Ordinal);
        // A repeated URL has the outcome of its first occurrence.
        var errors = input.Refused.Where(r => r.Code != AdoptionFailure.DuplicateCode).ToList();
        foreach (var (key, outcome) in input.Keys.Zip(outcomes))
        {
            var url = UrlOf(scope.Store, key);
            switch (outcome)
            {
                case AdoptionOutcome.Created c:
                    created.Add(url, c.Datum);
                    break;
                case AdoptionOutcome.AlreadyTracked t:
                    existing.Add(url, t);
                    break;
                default:
                    errors.Add(AdoptionFailure.Of(outcome, url, scope.Store)!);
                    break;
            }
        }

        var counts = new Counts
        {
            Created = created.Count,
            Existing = existing.Count,
            Failed = errors.Count(e => e.Outcome != AdoptionFailure.Skipped),
            Skipped = input.Refused.Count(r => r.Outcome == AdoptionFailure.Skipped),
        };
        AdoptionKind.Measure(counts);
        return new(scope.Job, created, existing, errors);
    }

    static string UrlOf(Store store, string key) => new S3Url(store.Configuration.Bucket, key).ToString();
}

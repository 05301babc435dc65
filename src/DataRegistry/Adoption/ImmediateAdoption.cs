using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>What became of a list that was adopted at once: every URL is in exactly one of the three.</summary>
sealed record AdoptionAnswer(
    JobId Id, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, AdoptionOutcome.AlreadyTracked> Existing,
    IReadOnlyList<AdoptionFailure> Errors);

/// <summary>Adopts a short list while the request waits.</summary>
sealed class ImmediateAdoption(
    Buckets buckets, ObjectFinder finder, Adopter adopter, DatumHashing hashing, HashQueue hashes, TimeProvider clock)
{
    /// <exception cref="BucketException">S3 cannot be asked now. What was adopted stays; the same request can be repeated.</exception>
    /// <param name="id">What to adopt under: of an earlier delivery of the same request; null for a new one.</param>
    public async Task<AdoptionAnswer> AdoptAsync(
        AdoptionOrder order, AdoptionInput input, CancellationToken cancellationToken, JobId? id = null)
    {
        var (store, project, by) = order;
        var bucket = buckets.Open(store);
        var scope = new AdoptionScope(id ?? JobId.Create(clock.GetUtcNow(), project.Slot), store, project, by, AtOnce: true);
        var unhashed = new HashSet<string>(StringComparer.Ordinal);
        var outcomes = await adopter.AdoptAsync(
            scope, input.Keys, (keys, token) => adopter.LocateAsync(store, keys, token), FindAsync, cancellationToken);
        var answer = AnswerOf(scope, input, outcomes);
        if (store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(answer.Created.Where(c => unhashed.Contains(c.Key)).Select(c => c.Value), cancellationToken);
        return answer;

        async Task<IReadOnlyList<Probe>> FindAsync(IReadOnlyList<string> wanted, CancellationToken token)
        {
            var probes = await ProbesAsync(wanted, token);
            var found = await hashing.HashAtOnceAsync(store, bucket, [.. probes.Select(p => p.Object)], token);
            unhashed.UnionWith(found.OfType<S3Object>().Where(o => o.Sha256 is null).Select(o => UrlOf(store, o.Key)));
            return [.. probes.Zip(found, (probe, hashed) => probe with { Object = hashed })];
        }

        // A bucket that can be asked about no key says so for each: others of the list may exist already.
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
        // A repetition has its answer where the URL has it.
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
        counts.Measure(JobKind.Adoption);
        return new(scope.Job, created, existing, errors);
    }

    static string UrlOf(Store store, string key) => new S3Url(store.Configuration.Bucket, key).ToString();
}

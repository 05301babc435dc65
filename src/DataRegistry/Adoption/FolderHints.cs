using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>
/// Adds a hint to missing URLs that name a folder without its slash: there is no object, but there are objects below
/// it.
/// </summary>
static class FolderHints
{
    /// <summary>The most URLs to check. Each takes a LIST of one key.</summary>
    const int MaxAsked = 10;

    /// <summary>
    /// The failures, with a hint for each missing URL that is a folder. Unchanged if the bucket does not answer.
    /// </summary>
    public static async Task<IReadOnlyList<AdoptionFailure>> AddAsync(
        Bucket bucket, IReadOnlyList<AdoptionFailure> failures, CancellationToken cancellationToken)
    {
        var hinted = failures.ToArray();
        var missing = Enumerable.Range(0, hinted.Length)
            .Where(i => hinted[i].Code == AdoptionFailure.MissingCode && !hinted[i].Url.EndsWith('/')).Take(MaxAsked).ToList();
        await Parallel.ForEachAsync(missing, cancellationToken, async (i, token) =>
        {
            if (S3Url.TryParse($"{hinted[i].Url}/", out var folder) && await IsFolderAsync(bucket, folder.Key, token))
                hinted[i] = hinted[i].AsFolder();
        });
        return hinted;
    }

    static async Task<bool> IsFolderAsync(Bucket bucket, string key, CancellationToken cancellationToken)
    {
        try
        {
            return (await bucket.ListAsync(new() { Prefix = key, MaxKeys = 1 }, cancellationToken)).Objects.Count > 0;
        }
        catch (BucketException)
        {
            return false;
        }
    }
}

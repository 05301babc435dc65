using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>People name a folder without its slash: nothing is there, but below it is.</summary>
static class FolderHints
{
    /// <summary>Each takes a LIST of one key.</summary>
    const int MaxAsked = 10;

    /// <summary>The failures, with what helps where a missing URL is a folder's. Where the bucket does not answer, as they are.</summary>
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

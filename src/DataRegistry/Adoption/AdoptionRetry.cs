using System.Text;
using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Makes a new job of the failed inputs of an ended job.</summary>
sealed class AdoptionRetry(AdoptionRequests requests, JobResults results, JobBlobs blobs, IOptions<JobOptions> options)
{
    /// <summary>
    /// A prefix that was not adopted to its end is adopted again as a whole. Adopted objects then count as existing.
    /// </summary>
    public async Task<JobStart> AcceptAsync(JobRow job, AdoptionOrder order, CancellationToken cancellationToken)
    {
        if (job is { Prefix: not null, Status: not JobStatus.Completed })
            return await requests.AcceptAsync(order, KeySelection.Of(job), cancellationToken);

        results.RequireKept(job);
        await using var urls = new StagedUrls(blobs, options);
        await foreach (var (_, failure) in results.ReadAsync(
            job, AdoptionFailure.Failed, default, AdoptionFailure.Stored, cancellationToken))
        {
            urls.Add(Encoding.UTF8.GetBytes(failure.Url));
            if (urls.IsFull)
                await urls.SpillAsync(cancellationToken);
        }

        return urls.Count == 0
            ? throw AdoptionErrors.NothingFailed.With()
            : await requests.AcceptAsync(order, urls, KeyGlobs.None, cancellationToken, cancellationToken);
    }
}

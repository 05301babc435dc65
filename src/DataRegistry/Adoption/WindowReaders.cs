using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Opens the windows of a job's range, or those of a dry run.</summary>
sealed class WindowReaders(
    Buckets buckets, ObjectFinder finder, ChangeFinder changes, LocationTable locations, WorkTable work, JobBlobs blobs,
    Adopter adopter, IOptions<JobOptions> options)
{
    /// <summary>The windows of a job's staged list, or of its prefix.</summary>
    /// <exception cref="BucketException">The prefix cannot be listed.</exception>
    public async Task<WindowReader> OpenAsync(
        JobRow job, AdoptionScope scope, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        if (job.Prefix is null)
            return new ListWindowReader(scope, blobs, adopter, finder, changes, () => delivery.Ask(buckets.Open(scope.Store)));
        var bucket = delivery.Ask(buckets.Open(scope.Store));
        return await OpenPrefixAsync(scope, KeySelection.Of(job), bucket, options.Value.WindowKeys, cancellationToken);
    }

    /// <summary>Opens the windows of a prefix.</summary>
    /// <param name="windowKeys">Objects in a window, rounded up to a page.</param>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public async Task<WindowReader> OpenPrefixAsync(
        AdoptionScope scope, KeySelection selection, Bucket bucket, int windowKeys, CancellationToken cancellationToken)
    {
        var pager = await ObjectPager.OpenAnyAsync(bucket, selection.Prefix, cancellationToken);
        // Listings without versions show which objects exist, and HEADs give their versions.
        return new PrefixWindowReader(
            scope, selection, new(pager, work), (keys, token) => finder.HeadAsync(bucket, scope.Store.Prefix, keys, token), locations,
            windowKeys, options.Value.TableRequestsInFlight);
    }
}

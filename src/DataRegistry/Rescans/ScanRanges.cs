using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>Opens the ranges of scans.</summary>
sealed class ScanRanges(
    Buckets buckets, ObjectFinder finder, LocationTable locations, WorkTable work, DriftMarks marks, ScanAdoption adoption, JobBlobs blobs,
    IOptions<JobOptions> options)
{
    /// <summary>
    /// A scan has this many times as many ranges as run at a time. Each range's end costs a LIST, and a page of every
    /// shard.
    /// </summary>
    const int RangesOverall = 2;

    public int MaxRanges => RangesOverall * options.Value.RangesPerJob;

    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public async Task<ScanRange> OpenAsync(
        JobRow job, Store store, WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken)
    {
        var (windowKeys, parallel) = (options.Value.WindowKeys, options.Value.TableRequestsInFlight);
        var bucket = delivery.Ask(buckets.Open(store));
        var pager = await ObjectPager.OpenAnyAsync(bucket, store.Prefix, cancellationToken);
        var evidence = new ScanEvidence(bucket, store.Prefix, pager, finder, job.Forced == true, options.Value.HeadsInFlight);
        var reader = new LocationReader<ScannedRow>(locations.Table, store.Id, store.Prefix, range.After, range.Until, ScannedRow.Columns);
        var stretches = new ScanStretches(store, new(pager, work), reader, locations, windowKeys, parallel);
        return new(new(job, store, evidence), stretches, marks, adoption, blobs);
    }
}

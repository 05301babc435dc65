using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>A scan's job, as a worker has opened it.</summary>
sealed class RescanRun(JobRow job, Store store, ScanRanges ranges)
    : JobRun(job, store.Id, $"The server of bucket '{store.Configuration.Bucket}'")
{
    public override bool NeedsListing => true;

    public override int MaxRanges => ranges.MaxRanges;

    public override async Task<RangeOpening> OpenAsync(WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken) =>
        delivery.BucketUnavailable is { } unavailable
            ? throw unavailable
            : new RangeOpening.Opened(await ranges.OpenAsync(Job, store, range, delivery, cancellationToken));
}

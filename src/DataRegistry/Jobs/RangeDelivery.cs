using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>One delivery of a range's message, while a worker has it.</summary>
/// <param name="until">When it hands the rest of its range on, so that jobs take turns.</param>
/// <param name="bucketUnavailable">
/// Null to ask the bucket. Otherwise the bucket is not asked about the next window, and what needs it fails with this.
/// </param>
/// <param name="stop">Ends its requests to the bucket, see <see cref="JobWatch"/>.</param>
sealed class RangeDelivery(DateTimeOffset until, BucketException? bucketUnavailable, CancellationToken stop)
{
    StoreLease? lease;

    /// <summary>Names blobs, so that those of several deliveries are apart.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    public DateTimeOffset Until { get; } = until;

    public BucketException? BucketUnavailable { get; } = bucketUnavailable;

    /// <summary>The opened range; null before it is opened, and once another delivery has got further.</summary>
    public RangeWork? Work { get; set; }

    /// <summary>Takes the lease of the next window, by whose rate requests are sent from then on.</summary>
    public void Use(StoreLease window) => lease = window;

    /// <summary>Ends its requests to the bucket.</summary>
    public CancellationToken Stop => stop;

    /// <summary>The bucket, as this delivery asks it: at the lease's pace, and no longer than it may.</summary>
    public Bucket Ask(Bucket bucket) => bucket.At((share, token) => Leased.WaitAsync(share, token), stop);

    /// <inheritdoc cref="StoreLease.RenewAsync"/>
    public Task RenewLeaseAsync(CancellationToken cancellationToken) => Leased.RenewAsync(cancellationToken);

    StoreLease Leased => lease ?? throw new InvalidOperationException("A delivery without a lease asks the bucket nothing.");
}

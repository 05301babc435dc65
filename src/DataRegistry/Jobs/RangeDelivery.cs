using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>One delivery of a range's message, while a worker has it.</summary>
/// <param name="until">When it sends the rest of its range as a new message, so that jobs take turns.</param>
/// <param name="bucketUnavailable"> Null to use the bucket. Otherwise the next window sends no request to it, and
/// inputs that need one fail with this.
/// </param>
/// <param name="stop">Ends its requests to the bucket, see <see cref="JobWatch"/>.</param>
sealed class RangeDelivery(DateTimeOffset until, BucketException? bucketUnavailable, CancellationToken stop)
{
    StoreLease? lease;

    /// <summary>Part of the names of blobs, so that several deliveries write different ones.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    public DateTimeOffset Until { get; } = until;

    public BucketException? BucketUnavailable { get; } = bucketUnavailable;

    /// <summary>The opened range; null before it is opened, and once another delivery is further.</summary>
    public RangeWork? Work { get; set; }

    /// <summary>Takes the lease of the next window. Its rate limits requests from then on.</summary>
    public void Use(StoreLease window) => lease = window;

    /// <summary>Ends its requests to the bucket.</summary>
    public CancellationToken Stop => stop;

    /// <summary>The bucket at the lease's pace, until the delivery must stop.</summary>
    public Bucket Ask(Bucket bucket) => bucket.At((share, token) => Leased.WaitAsync(share, token), stop);

    /// <inheritdoc cref="StoreLease.RenewAsync"/>
    public Task RenewLeaseAsync(CancellationToken cancellationToken) => Leased.RenewAsync(cancellationToken);

    StoreLease Leased => lease ?? throw new InvalidOperationException("A delivery without a lease asks the bucket nothing.");
}

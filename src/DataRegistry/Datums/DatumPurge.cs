namespace DataRegistry.Datums;

/// <summary>
/// Purging: the datum stays readable and says that it is purged, its location is free for another adoption, the object in the bucket is
/// left alone. The datum is marked first, so that no two unpurged datums ever stand for one location; after a death between the two
/// writes the location is freed by purging again.
/// </summary>
sealed class DatumPurge(DatumTable datums, LocationTable locations, TimeProvider clock)
{
    /// <summary>False if it was purged already; its location is free afterwards either way.</summary>
    public async Task<bool> PurgeAsync(DatumRow datum, string user, CancellationToken cancellationToken)
    {
        var marked = await datums.MarkPurgedAsync(datum, clock.GetUtcNow(), user, cancellationToken);
        await locations.FreeAsync(datum.Store, datum.Key, datum.Id, cancellationToken);
        return marked;
    }
}

namespace DataRegistry.Datums;

/// <summary>
/// Purges a datum: it stays readable as purged, its location becomes free for another adoption, and the object in the
/// bucket stays. The datum is marked first, so a location never has two unpurged datums. If the worker dies between the
/// two writes, a repeated purge frees the location.
/// </summary>
sealed class DatumPurge(DatumTable datums, LocationTable locations, TimeProvider clock)
{
    /// <summary>False if it was purged already. Its location is free afterwards in both cases.</summary>
    public async Task<bool> PurgeAsync(DatumRow datum, string user, CancellationToken cancellationToken)
    {
        var marked = await datums.MarkPurgedAsync(datum, clock.GetUtcNow(), user, cancellationToken);
        await locations.FreeAsync(datum.Store, datum.Key, datum.Id, cancellationToken);
        return marked;
    }
}

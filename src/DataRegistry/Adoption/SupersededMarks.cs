using DataRegistry.Datums;
using DataRegistry.Storage;

namespace DataRegistry.Adoption;

/// <summary>
/// Marks superseded datums as changed: their locations name other datums now, so no scan meets them any more. The mark
/// follows from the location, like the datum. So every worker that completes the datum also writes the mark.
/// </summary>
sealed class SupersededMarks(DatumTable datums, TimeProvider clock)
{
    /// <summary>Costs a read and a transaction for each 33 of them. Marked and purged datums stay as they are.</summary>
    /// <param name="locations">Any locations of one shard.</param>
    public async Task WriteAsync(IEnumerable<LocationRow> locations, CancellationToken cancellationToken)
    {
        var partitions = locations.Where(l => l is { Supersedes: true, Previous: not null })
            .GroupBy(l => DatumTable.PartitionOf(PreviousOf(l)), StringComparer.Ordinal);
        foreach (var rows in partitions.SelectMany(p => p.Chunk(DatumTable.MaxMarks)))
        {
            var retry = new WriteRetry(clock, cancellationToken);
            while (!await TryWriteAsync(rows, cancellationToken))
                await retry.AgainAsync();
        }
    }

    async Task<bool> TryWriteAsync(LocationRow[] rows, CancellationToken cancellationToken)
    {
        var before = await datums.FindAsync([.. rows.Select(PreviousOf)], cancellationToken);
        return await datums.TryMarkAsync(
            [.. rows.Where(r => before.ContainsKey(PreviousOf(r))).Select(r => (MarkOf(r), before[PreviousOf(r)]))], cancellationToken);
    }

    static DatumId PreviousOf(LocationRow location) => new(TimedId.FromGuid(location.Previous!.Value));

    static DriftMark MarkOf(LocationRow location) => new(
        PreviousOf(location), DriftState.Changed, new(location.ObjectETag, location.Size, location.VersionId, location.LastModified),
        location.Job, TimedId.FromGuid(location.Job).Time);
}

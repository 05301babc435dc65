using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>Frees the locations of many purged datums.</summary>
sealed partial class LocationTable
{
    /// <summary>Transactions of one shard at a time, as with datums.</summary>
    const int ShardTransactions = 4;

    /// <summary>
    /// Frees the locations of purged datums. A location that is free, or that names another datum by now, stays as it
    /// is. A repeated call changes nothing.
    /// </summary>
    public async Task FreeAsync(Guid store, IReadOnlyCollection<(string Key, Guid Datum)> purged, CancellationToken cancellationToken)
    {
        foreach (var shard in purged.GroupBy(p => KeyOf(store, p.Key).PartitionKey, StringComparer.Ordinal))
        {
            var datums = new Dictionary<string, HashSet<Guid>>(StringComparer.Ordinal);
            // One key may have two datums: one may have superseded the other.
            foreach (var (key, datum) in shard)
            {
                var rowKey = OrderedKey.Encode(key);
                if (!datums.TryGetValue(rowKey, out var known))
                    datums.Add(rowKey, known = []);
                known.Add(datum);
            }

            List<string> rowKeys = [.. datums.Keys.Order(StringComparer.Ordinal)];
            var rows = await FindOwnedAsync(shard.Key, rowKeys, datums, cancellationToken);
            await Parallel.ForEachAsync(
                rows.Chunk(Tables.MaxTransactionActions),
                new ParallelOptions { MaxDegreeOfParallelism = ShardTransactions, CancellationToken = cancellationToken },
                (chunk, token) => FreeChunkAsync(shard.Key, chunk, datums, token));
        }
    }

    async ValueTask FreeChunkAsync(
        string partition, LocatedRow[] rows, Dictionary<string, HashSet<Guid>> datums, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); rows.Length > 0; await retry.AgainAsync())
        {
            var actions = rows.Select(row => Change.Update(
                new LocationPurgedRow { PartitionKey = row.PartitionKey, RowKey = row.RowKey }, row.ETag, TableUpdateMode.Merge));
            if ((await table.TrySubmitAsync([.. actions], cancellationToken)).IsDone)
                return;
            rows = await FindOwnedAsync(partition, [.. rows.Select(row => row.RowKey)], datums, cancellationToken);
        }
    }

    async Task<LocatedRow[]> FindOwnedAsync(
        string partition, List<string> rowKeys, Dictionary<string, HashSet<Guid>> datums, CancellationToken cancellationToken)
    {
        var rows = await table.FindManyAsync<LocatedRow>(partition, rowKeys, LocatedRow.Columns, cancellationToken: cancellationToken);
        return
        [
            .. rows.Values.Where(row => !row.IsFree && datums[row.RowKey].Contains(row.Datum))
                .OrderBy(row => row.RowKey, StringComparer.Ordinal),
        ];
    }
}

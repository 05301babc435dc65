using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The marks of scans on datums, and the list of drifted ones.</summary>
sealed partial class DatumTable
{
    /// <summary>Marks in one transaction, each of at most three rows.</summary>
    public const int MaxMarks = 33;

    static string? DriftedKeyOf(DatumRow row) => DriftedKeyOf(row.Drift, row.RowKey);

    static string? DriftedKeyOf(DriftState? state, string rowKey) => state switch
    {
        DriftState.Changed => $"x-c-{rowKey}",
        DriftState.Missing => $"x-m-{rowKey}",
        _ => null,
    };

    /// <summary>
    /// Writes marks of datums of one partition, each in one transaction with the row that lists it. False if one of the
    /// datums has changed since it was read: then nothing is written. A datum that already has the mark, or is purged,
    /// stays as it is. A withdrawn mark is always written, so that a late mark from an older read fails.
    /// </summary>
    /// <param name="marks">At most <see cref="MaxMarks"/>. Each datum must have been read before the check that its
    /// mark rests on.</param>
    public async Task<bool> TryMarkAsync(IReadOnlyList<(DriftMark Mark, DatumRow Row)> marks, CancellationToken cancellationToken)
    {
        var actions = new List<TableTransactionAction>();
        foreach (var (mark, row) in marks.Where(m => m.Row.Purged is null && (m.Mark.State == DriftState.None || !Says(m.Row, m.Mark))))
        {
            actions.Add(Change.Update(RowOf(mark, row), row.ETag, TableUpdateMode.Merge));
            var (before, after) = (DriftedKeyOf(row), DriftedKeyOf(mark.State, row.RowKey));
            if (before == after)
                continue;
            if (before is not null)
                actions.Add(Change.Delete(row.PartitionKey, before, ETag.All));
            if (after is not null)
                actions.Add(Change.Add(new DriftedRow { PartitionKey = row.PartitionKey, RowKey = after, Project = row.Project }));
        }

        return actions.Count == 0 || (await table.TrySubmitAsync(actions, cancellationToken)).IsDone;
    }

    static bool Says(DatumRow row, DriftMark mark) =>
        (row.Drift ?? DriftState.None) == mark.State && (mark.Is is null || row.DriftIs == mark.Is);

    static DatumDriftRow RowOf(DriftMark mark, DatumRow row) => new()
    {
        PartitionKey = row.PartitionKey,
        RowKey = row.RowKey,
        Drift = mark.State,
        // A further change keeps the time of the first one.
        DriftSince = row.Drift == mark.State && row.DriftSince is { } since ? since : mark.Time,
        DriftJob = mark.Job,
        DriftETag = mark.Is?.ETag,
        DriftSize = mark.Is?.Size,
        DriftVersion = mark.Is is null ? null : mark.Is.VersionId ?? "",
        DriftModified = mark.Is?.LastModified,
    };

    /// <summary>
    /// Lists drifted datums, like <see cref="ListAsync"/>. The cost depends on the number of drifted datums, not on the
    /// others.
    /// </summary>
    async Task<DatumPage> ListDriftedAsync(ProjectSet projects, DatumQuery query, DatumSlice slice, CancellationToken cancellationToken)
    {
        var page = new DatumPageBuilder(slice);
        var last = slice.After;
        long bytes = 0;
        for (var read = 0; ;)
        {
            // Read as many at a time as fit the page, by the sizes seen before.
            var fit = read == 0 ? SampleRows : (int)Math.Max(MinSampleRows, PageBudget.MaxBytes * (long)read / Math.Max(1, bytes));
            var want = Math.Min(fit, Math.Min(page.Room + 1, slice.MaxRead - read));
            if (want <= 0)
                return page.EndAt(last);
            var found = await DriftedAfterAsync(projects, query.Drift!.Value, last, want, cancellationToken);
            var datums = await FindAsync([.. found.Select(IdOf)], cancellationToken);
            foreach (var position in found)
            {
                var matches = datums.TryGetValue(IdOf(position), out var datum) && query.Matches(datum);
                if (page.IsFull || (matches && !page.TryAdd(datum!)))
                    return page.EndAt(last);
                (last, read) = (position, read + 1);
                bytes += datum is null ? 0 : DatumBody.SizeOf(datum);
            }

            if (found.Count < want)
                return page.EndAt(null);
        }

        static DatumId IdOf(DatumCursor position) => new(TimedId.FromRowKey(position.Partition, position.RowKey));
    }

    async Task<int?> CountDriftedAsync(ProjectSet projects, DatumQuery query, int max, CancellationToken cancellationToken)
    {
        // One more than the limit shows that there are more.
        var page = await ListDriftedAsync(
            projects, query, new(max + 1, After: null, Offset: 0, MaxRead: max + 1) { IsSlim = true }, cancellationToken);
        return page.Next is null && page.Rows.Count <= max ? page.Rows.Count : null;
    }

    /// <summary>The next marked datums, in the order of all datums.</summary>
    async Task<List<DatumCursor>> DriftedAfterAsync(
        ProjectSet projects, DriftState state, DatumCursor? after, int count, CancellationToken cancellationToken)
    {
        var prefix = DriftedKeyOf(state, "")!;
        var found = new List<DatumCursor>();
        await Parallel.ForEachAsync(projects.Partitions, InFlight(cancellationToken), async (partition, token) =>
        {
            var range = new TableRange(PartitionOf(partition))
            {
                From = after is { } cursor ? partition > cursor.Partition ? prefix + cursor.RowKey : null : prefix,
                After = after is { } past && partition <= past.Partition ? prefix + past.RowKey : null,
                Before = prefix + EndOfDatums,
            };
            var keys = await table.ReadAsync<DriftedRow>(range, Math.Min(Tables.MaxPageRows, count), cancellationToken: token)
                .Where(
                    r => projects.Contains(r.Project)).Take(count).Select(
                        r => new DatumCursor(r.RowKey[prefix.Length..], partition)).ToListAsync(token);
            lock (found)
                found.AddRange(keys);
        });
        found.Sort();
        return found.Count > count ? found[..count] : found;
    }
}

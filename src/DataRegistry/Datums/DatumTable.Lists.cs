using System.Globalization;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>Lists of datums, bounded in rows and in bytes.</summary>
sealed partial class DatumTable
{
    /// <summary>A shard's next page is this many times as large, so a list needs at most four for all that it reads.</summary>
    const int PageGrowth = 4;

    /// <summary>Datums that are read first, of all partitions together, because their sizes are not known yet.</summary>
    const int SampleRows = 1024;
    const int MinSampleRows = 4;

    /// <summary>Bytes of the pages of all partitions together.</summary>
    const int MaxBytesAtOnce = 16 * 1024 * 1024;
    const int MinPageBytes = 64 * 1024;

    /// <summary>
    /// Partitions whose tags are read at a time. Few, because a page of tags is as large as the list's own page.
    /// </summary>
    const int PartitionsOfTagsAtOnce = 2;

    /// <summary>
    /// The projects' datums that match, newest first, whatever the query's order. Each of a project's 16 partitions is
    /// read from the cursor on, so every page costs the same. Datums that arrive meanwhile come before the cursor and
    /// are not skipped.
    /// </summary>
    public async Task<DatumPage> ListAsync(ProjectSet projects, DatumQuery query, DatumSlice slice, CancellationToken cancellationToken)
    {
        if (query.Drift is DriftState.Changed or DriftState.Missing)
            return await ListDriftedAsync(projects, query, slice, cancellationToken);
        var shards = await OpenAsync(projects, query, slice, cancellationToken);
        var page = new DatumPageBuilder(slice);
        var last = slice.After;
        var merge = new PriorityQueue<ShardReader, DatumCursor>(shards.Where(s => s.Current is not null).Select(s => (s, s.Position)));
        for (var read = 0; merge.TryDequeue(out var shard, out var position); read++)
        {
            if (page.IsFull || read == slice.MaxRead || (query.Matches(shard.Current!) && !page.TryAdd(shard.Current!)))
                return page.EndAt(last);
            last = position;
            if (await shard.MoveNextAsync(cancellationToken))
                merge.Enqueue(shard, shard.Position);
        }

        return page.EndAt(null);
    }

    /// <summary>
    /// The exact number of the projects' datums that match. Null if there are more than <paramref name="max"/>, or if
    /// more than <paramref name="maxRead"/> rows would have to be read.
    /// </summary>
    public async Task<int?> CountAsync(ProjectSet projects, DatumQuery query, int max, int maxRead, CancellationToken cancellationToken)
    {
        if (query.Drift is DriftState.Changed or DriftState.Missing)
            return await CountDriftedAsync(projects, query, max, cancellationToken);
        var columns = ColumnsOf(query);
        var pageBytes = Math.Max(MinPageBytes, MaxBytesAtOnce / InFlight(cancellationToken).MaxDegreeOfParallelism);
        var count = 0;
        var read = 0;
        await Parallel.ForEachAsync(projects.Partitions, InFlight(cancellationToken), async (partition, token) =>
        {
            if (count > max || read > maxRead)
                return;
            var range = new TableRange(PartitionOf(partition)) { Before = EndOfDatums };
            var rows = query.Tag is null
                ? table.ReadAsync<DatumFilterRow>(range, Tables.MaxPageRows, columns, token)
                : table.ReadBySizeAsync<DatumFilterRow>(range, pageBytes, columns, token);
            await foreach (var row in rows)
            {
                if (Interlocked.Increment(ref read) > maxRead
                    || (projects.Contains(row.Project) && query.Matches(row) && Interlocked.Increment(ref count) > max))
                    return;
            }
        });
        return count > max || read > maxRead ? null : count;
    }

    /// <summary>The datums with the tags that a slim list left out.</summary>
    public async Task<IReadOnlyList<DatumRow>> WithTagsAsync(IReadOnlyList<DatumRow> rows, CancellationToken cancellationToken)
    {
        var without = rows.Where(r => r.TagsLeftOut is not null).Select(r => r.Id).ToList();
        if (without.Count == 0)
            return rows;
        string[] columns = [nameof(DatumFilterRow.Tags), nameof(DatumFilterRow.AdoptedTags)];
        var tags = await FindAsync<DatumFilterRow>(without, columns, PartitionsOfTagsAtOnce, cancellationToken);
        return [.. rows.Select(r => r.TagsLeftOut is null ? r : r with { TagsLeftOut = null, Tags = tags.GetValueOrDefault(r.Id)?.Tags })];
    }

    static ParallelOptions InFlight(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = 2 * Shards.Count, CancellationToken = cancellationToken };

    /// <summary>
    /// Opens the partitions at the first datum after the cursor, and reads as many datums ahead as the page probably
    /// needs.
    /// </summary>
    async Task<List<ShardReader>> OpenAsync(ProjectSet projects, DatumQuery query, DatumSlice slice, CancellationToken cancellationToken)
    {
        // The effect of filters is not known yet, and requests cost more than rows.
        var share = ShareOf(slice.Limit + slice.Offset) * (query.IsFiltered ? PageGrowth : 1);
        // A caller may see no project at all.
        var partitions = Math.Max(1, projects.Partitions.Count);
        var sample = Math.Min(share, Math.Max(MinSampleRows, SampleRows / partitions));
        var pageBytes = Math.Max(MinPageBytes, MaxBytesAtOnce / partitions);
        var shards = projects.Partitions
            .Select(partition => new ShardReader(table, projects, partition, slice.After) { NextRows = sample, PageBytes = pageBytes })
                .ToList();
        await Parallel.ForEachAsync(shards, InFlight(cancellationToken), async (shard, token) => await shard.MoveNextAsync(token));
        if (query.IsFiltered || sample >= share || shards.Sum(s => s.RowsRead) is not (> 0 and var rows))
            return shards;
        // The average size is known now. With many projects, few of them have the whole page.
        var size = (int)(shards.Sum(s => s.BytesRead) / rows);
        var fits = slice.IsSlim ? slice.Limit : Math.Min(slice.Limit, PageBudget.MaxBytes / Math.Max(1, size));
        var more = Math.Min(ShareOf(fits + slice.Offset), Math.Max(sample, 2 * fits / partitions)) - sample;
        if (more > 0)
        {
            await Parallel.ForEachAsync(
                shards, InFlight(cancellationToken),
                    async (shard, token) => await shard.ReadAheadAsync(Math.Min(more, pageBytes / Math.Max(1, size)), token));
        }

        return shards;
    }

    /// <summary>A hash spreads datums evenly over the partitions: a 16th and a little more is nearly always enough.</summary>
    static int ShareOf(int datums) => Math.Min(Tables.MaxPageRows, datums / Shards.Count + 1 + (int)Math.Sqrt(datums));

    /// <summary>One partition of the datums, a page at a time.</summary>
    sealed class ShardReader(TableClient table, ProjectSet projects, ushort partition, DatumCursor? after)
    {
        readonly Queue<DatumRow> page = new();
        string? continuation;
        bool started;

        /// <summary>Datums of the next page.</summary>
        public required int NextRows { get; set; }

        /// <summary>Expected bytes of a page, from the datums read before.</summary>
        public required int PageBytes { get; init; }

        public int RowsRead { get; private set; }

        public long BytesRead { get; private set; }

        public DatumRow? Current { get; private set; }

        public DatumCursor Position => new(Current!.RowKey, partition);

        public async Task<bool> MoveNextAsync(CancellationToken cancellationToken)
        {
            while (page.Count == 0 && (!started || continuation is not null))
            {
                await ReadAheadAsync(NextRows, cancellationToken);
                // If one page was not enough, the filters leave much out.
                NextRows = Math.Min(NextRows * PageGrowth,
                    RowsRead == 0 ? Tables.MaxPageRows : (int)Math.Max(1, PageBytes * (long)RowsRead / BytesRead));
            }

            Current = page.TryDequeue(out var first) ? first : null;
            return Current is not null;
        }

        /// <summary>Reads one more page, if there is one.</summary>
        public async Task ReadAheadAsync(int rows, CancellationToken cancellationToken)
        {
            if (started && continuation is null)
                return;
            var next = await table.QueryPageAsync<DatumRow>(
                RangeOf(partition, after), continuation, rows, cancellationToken: cancellationToken);
            started = true;
            continuation = next.ContinuationToken;
            foreach (var row in next.Values)
            {
                RowsRead++;
                BytesRead += DatumBody.SizeOf(row);
                // Beyond 4096 projects, several share a slot.
                if (projects.Contains(row.Project))
                    page.Enqueue(row);
            }
        }
    }

    /// <summary>
    /// A partition from a cursor on, in the order of (row key, partition). Partitions up to the cursor's own begin
    /// after its row key; the others begin at it.
    /// </summary>
    static TableRange RangeOf(ushort partition, DatumCursor? after) => new(PartitionOf(partition))
    {
        From = after is { } later && partition > later.Partition ? later.RowKey : null,
        After = after is { } cursor && partition <= cursor.Partition ? cursor.RowKey : null,
        Before = EndOfDatums,
    };
}

/// <summary>The part of a list of datums to read.</summary>
/// <param name="Limit">The most datums. The page also ends when it is too large, see <see cref="PageBudget"/>.</param>
/// <param name="After">The end of the page before; null for the first one.</param>
/// <param name="Offset">The number of matches to skip first.</param>
/// <param name="MaxRead">After this many datums, matching or not, the page ends short, with a cursor.</param>
sealed record DatumSlice(int Limit, DatumCursor? After, int Offset, int MaxRead)
{
    /// <summary>Whether the whole list is kept without tags, to be sorted or counted. Then no size ends it.</summary>
    public bool IsSlim { get; init; }
}

/// <summary>Collects a page.</summary>
sealed class DatumPageBuilder(DatumSlice slice)
{
    readonly List<DatumRow> rows = [];
    readonly PageBudget budget = new(slice.Limit);
    int skipped;

    public bool IsFull => rows.Count == slice.Limit;

    /// <summary>The number of datums that still fit.</summary>
    public int Room => slice.Limit + slice.Offset - rows.Count - skipped;

    /// <summary>Adds a datum if it matches. False if the page ends before it.</summary>
    public bool TryAdd(DatumRow row)
    {
        if (skipped < slice.Offset)
        {
            skipped++;
            return true;
        }

        if (!slice.IsSlim && !budget.TryTake(DatumBody.SizeOf(row)))
            return false;
        rows.Add(slice.IsSlim && !string.IsNullOrEmpty(row.Tags) ? row with { Tags = null, TagsLeftOut = RowSize.Of(row.Tags) } : row);
        return true;
    }

    public DatumPage EndAt(DatumCursor? next) => new(rows, next, skipped);
}

/// <summary>A page of datums.</summary>
/// <param name="Next">The end of the page; null at the end of the list.</param>
/// <param name="Skipped">The number of matches that were skipped before it.</param>
sealed record DatumPage(IReadOnlyList<DatumRow> Rows, DatumCursor? Next, int Skipped);

/// <summary>The end of a page of datums. It is the same place whichever projects are listed.</summary>
readonly record struct DatumCursor(string RowKey, ushort Partition) : IComparable<DatumCursor>
{
    const int RowKeyLength = 28;
    const int PartitionLength = 4;

    public static bool TryParse(string text, out DatumCursor cursor)
    {
        cursor = default;
        if (text.Length != RowKeyLength + PartitionLength || !text.All(char.IsAsciiHexDigitLower))
            return false;
        cursor = new(text[..RowKeyLength], Convert.ToUInt16(text[RowKeyLength..], 16));
        return true;
    }

    public int CompareTo(DatumCursor other) =>
        string.CompareOrdinal(RowKey, other.RowKey) is not 0 and var order ? order : Partition - other.Partition;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RowKey}{Partition:x4}");
}

using System.Globalization;
using Azure;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Datums;

/// <summary>
/// An object's immutable record.
/// <code>
/// table datums
///   {project's slot, 3 hex}{shard 0..f} │ {inverted time, 12 hex}{tail, 16 hex}   store, key, project, job, and what S3 said; tags
///                                       │ m-{the same}                            metadata
///                                       │ x-{c|m}-{the same}                      while it is changed, or missing
/// </code>
/// Both keys follow from the id. Tags are merged into the datum's row, in one transaction with the metadata that
/// they are a part of; its facts are never written again. A project's newest datums come first by merging its 16 partitions.
/// </summary>
sealed partial class DatumTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string MetadataPrefix = "m-";

    // After every datum, whose characters end with 'f'.
    const string EndOfDatums = "g";

    // The service's limit.
    const int MaxPageRows = 1000;

    /// <summary>So many times as large as the page before is a shard's next one: at most three for all that a list looks at.</summary>
    const int PageGrowth = 4;

    readonly TableClient table = tables.GetTableClient("datums");

    public TableClient Table => table;

    public static string PartitionOf(DatumId id) => PartitionOf(id.Value.Partition);

    /// <summary>The datum; null where there is none.</summary>
    public Task<DatumRow?> FindAsync(DatumId id, CancellationToken cancellationToken) =>
        table.FindAsync<DatumRow>(PartitionOf(id), id.Value.RowKey, cancellationToken: cancellationToken);

    /// <summary>Whether the project has a datum that is not purged; null where <paramref name="maxRows"/> rows do not tell.</summary>
    public async Task<bool?> AnyUnpurgedAsync(Project project, int maxRows, CancellationToken cancellationToken)
    {
        var seen = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var range = new TableRange(string.Create(CultureInfo.InvariantCulture, $"{project.Slot:x3}{shard:x}")) { Before = EndOfDatums };
            await foreach (var row in table.ReadAsync<DatumOwnerRow>(
                range, select: DatumOwnerRow.Properties, cancellationToken: cancellationToken))
            {
                if (row.Project == project.Id && row.Purged is null)
                    return true;
                if (++seen == maxRows)
                    return null;
            }
        }

        return false;
    }

    /// <summary>The datum's properties, a JSON object, its tags among them; an empty one where there are none.</summary>
    public async Task<byte[]> FindMetadataAsync(DatumRow datum, CancellationToken cancellationToken)
    {
        var row = await table.FindAsync<MetadataRow>(
            datum.PartitionKey, MetadataPrefix + datum.RowKey, cancellationToken: cancellationToken);
        return MetadataInput.Compose(row?.Json ?? "{}"u8.ToArray(), DatumTags.Of(datum));
    }

    /// <summary>When they were last set, and by whom; null where they never were.</summary>
    public Task<MetadataChangeRow?> FindMetadataChangeAsync(DatumRow datum, CancellationToken cancellationToken) =>
        table.FindAsync<MetadataChangeRow>(
        datum.PartitionKey, MetadataPrefix + datum.RowKey, [nameof(MetadataChangeRow.Time), nameof(MetadataChangeRow.User)],
        cancellationToken);

    /// <summary>Replaces the datum's properties and tags, both or neither. Of concurrent calls the last one's stay, whole.</summary>
    public async Task SetMetadataAsync(DatumRow datum, MetadataInput input, string user, CancellationToken cancellationToken)
    {
        var row = new MetadataRow
        {
            PartitionKey = datum.PartitionKey,
            RowKey = MetadataPrefix + datum.RowKey,
            Json = input.Kept,
            Time = clock.GetUtcNow(),
            User = user,
        };
        var tags = new DatumTagsRow { PartitionKey = datum.PartitionKey, RowKey = datum.RowKey, Tags = DatumTags.Write(input.Tags) };
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var before = await table.FindAsync<MetadataRow>(
                row.PartitionKey, row.RowKey, [nameof(row.RowKey), nameof(row.Json)], cancellationToken);
            var written = await table.TrySubmitAsync(
                [
                    before is null ? Change.Add(row) : Change.Update(row, before.ETag),
                    // The metadata's ETag stands for both.
                    Change.Update(tags, ETag.All, TableUpdateMode.Merge),
                ],
                cancellationToken);
            if (written.IsDone)
                return;
        }
    }

    /// <summary>Marks the datum as purged; false where it was already, of which the first time stays.</summary>
    public async Task<bool> MarkPurgedAsync(DatumRow datum, DateTimeOffset time, string user, CancellationToken cancellationToken)
    {
        var retry = new WriteRetry(clock, cancellationToken);
        for (var row = datum; row is { Purged: null }; row = await FindAsync(datum.Id, cancellationToken))
        {
            var mark = new DatumPurgedRow { PartitionKey = row.PartitionKey, RowKey = row.RowKey, Purged = time, PurgedBy = user };
            List<TableTransactionAction> actions = [Change.Update(mark, row.ETag, TableUpdateMode.Merge)];
            if (DriftedKeyOf(row) is { } drifted)
                actions.Add(Change.Delete(row.PartitionKey, drifted, ETag.All));
            if ((await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return true;
            await retry.AgainAsync();
        }

        return false;
    }

    /// <summary>Keeps the hashes of the datum's bytes; where it has them already, those stay. The datum afterwards.</summary>
    public async Task<DatumRow> SetHashesAsync(DatumRow datum, ObjectHashes hashes, CancellationToken cancellationToken)
    {
        var row = datum;
        var retry = new WriteRetry(clock, cancellationToken);
        for (; row is { Sha256: null }; row = await FindAsync(datum.Id, cancellationToken))
        {
            var hashed = new DatumHashesRow
            {
                PartitionKey = row.PartitionKey,
                RowKey = row.RowKey,
                Md5 = hashes.Md5,
                Sha1 = hashes.Sha1,
                Sha256 = hashes.Sha256,
            };
            if (await table.TryUpdateAsync(hashed, row.ETag, TableUpdateMode.Merge, cancellationToken) is { IsDone: true } write)
                return row with
                {
                    ETag = write.ETag,
                    Md5 = hashes.Md5 ?? row.Md5,
                    Sha1 = hashes.Sha1,
                    Sha256 = hashes.Sha256,
                    ChecksumError = "",
                };
            await retry.AgainAsync();
        }

        return row ?? datum;
    }

    /// <summary>
    /// Notes a try of the hashes; false where the datum was changed meanwhile, as by another one who notes it, or has its hashes.
    /// </summary>
    public async Task<bool> NoteHashAsync(DatumRow datum, DateTimeOffset tried, string error, CancellationToken cancellationToken) =>
        datum.Sha256 is null && (await table.TryUpdateAsync(
            new DatumHashNoteRow { PartitionKey = datum.PartitionKey, RowKey = datum.RowKey, HashTried = tried, ChecksumError = error },
            datum.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone;

    /// <summary>Those of the datums that there are. Reads a range a partition, not a row each.</summary>
    public async Task<Dictionary<DatumId, DatumRow>> FindAsync(IReadOnlyCollection<DatumId> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<DatumId, DatumRow>();
        await Parallel.ForEachAsync(
            ids.Distinct().GroupBy(PartitionOf, StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = Shards.Count, CancellationToken = cancellationToken }, async (shard, token) =>
        {
            var rows = await table.FindManyAsync<DatumRow>(
                shard.Key, [.. shard.Select(id => id.Value.RowKey).Order(StringComparer.Ordinal)], before: EndOfDatums,
                cancellationToken: token);
            lock (found)
            {
                foreach (var row in rows.Values)
                    found.Add(row.Id, row);
            }
        });
        return found;
    }

    /// <summary>
    /// Those of the projects' datums that match, newest first, whatever the query's order. Each of a project's 16 partitions is read from
    /// the cursor
    /// on, so every page costs the same, and datums that arrive meanwhile are before the cursor, never skipped over.
    /// </summary>
    /// <param name="offset">So many matches are left out first.</param>
    /// <param name="maxRead">After so many datums, matching or not, the page ends short, with a cursor.</param>
    public async Task<DatumPage> ListAsync(
        ProjectSet projects, DatumQuery query, int limit, DatumCursor? after, int offset, int maxRead, CancellationToken cancellationToken)
    {
        if (query.Drift is DriftState.Changed or DriftState.Missing)
            return await ListDriftedAsync(projects, query, limit, after, offset, maxRead, cancellationToken);
        // Rows are spread evenly by a hash: a 16th of the page and some more is nearly always enough in one request a shard.
        var share = (limit + offset) / Shards.Count + 1 + (int)Math.Sqrt(limit + offset);
        // Nobody knows what filters leave; requests cost more than rows.
        share = Math.Min(MaxPageRows, query.IsFiltered ? share * PageGrowth : share);
        var shards = projects.Partitions.Select(partition => new ShardReader(table, projects, partition, after, share)).ToList();
        await Parallel.ForEachAsync(shards, InFlight(cancellationToken), async (shard, token) => await shard.MoveNextAsync(token));

        var rows = new List<DatumRow>();
        var skipped = 0;
        var last = after;
        var merge = new PriorityQueue<ShardReader, DatumCursor>(shards.Where(s => s.Current is not null).Select(s => (s, s.Position)));
        for (var read = 0; merge.TryDequeue(out var shard, out var position); read++)
        {
            if (rows.Count == limit || read == maxRead)
                return new(rows, last, skipped);
            last = position;
            if (query.Matches(shard.Current!))
            {
                if (skipped < offset)
                    skipped++;
                else
                    rows.Add(shard.Current!);
            }

            if (await shard.MoveNextAsync(cancellationToken))
                merge.Enqueue(shard, shard.Position);
        }

        return new(rows, null, skipped);
    }

    /// <summary>
    /// How many of the projects' datums match, exactly; null for more than <paramref name="max"/>, and where more than
    /// <paramref name="maxRead"/> would have to be looked at.
    /// </summary>
    public async Task<int?> CountAsync(ProjectSet projects, DatumQuery query, int max, int maxRead, CancellationToken cancellationToken)
    {
        if (query.Drift is DriftState.Changed or DriftState.Missing)
            return await CountDriftedAsync(projects, query, max, cancellationToken);
        string[] columns = [nameof(DatumFilterRow.RowKey), nameof(DatumFilterRow.Project), nameof(DatumFilterRow.Purged)];
        if (query.IsFiltered)
            columns = [
                .. columns, nameof(DatumFilterRow.Store), nameof(DatumFilterRow.Bucket), nameof(DatumFilterRow.Key),
                nameof(DatumFilterRow.Tags), nameof(DatumFilterRow.AdoptedTags), nameof(DatumFilterRow.Drift)];
        var count = 0;
        var read = 0;
        await Parallel.ForEachAsync(projects.Partitions, InFlight(cancellationToken), async (partition, token) =>
        {
            if (count > max || read > maxRead)
                return;
            var range = new TableRange(PartitionOf(partition)) { Before = EndOfDatums };
            await foreach (var row in table.ReadAsync<DatumFilterRow>(range, MaxPageRows, columns, token))
            {
                if (Interlocked.Increment(ref read) > maxRead
                    || (projects.Contains(row.Project) && query.Matches(row) && Interlocked.Increment(ref count) > max))
                    return;
            }
        });
        return count > max || read > maxRead ? null : count;
    }

    static ParallelOptions InFlight(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = 2 * Shards.Count, CancellationToken = cancellationToken };

    static string PartitionOf(ushort partition) => partition.ToString("x4", CultureInfo.InvariantCulture);

    /// <summary>One partition of the datums, a page at a time.</summary>
    sealed class ShardReader(TableClient table, ProjectSet projects, ushort partition, DatumCursor? after, int firstPage)
    {
        int pageSize = firstPage;
        readonly Queue<DatumRow> page = new();
        string? continuation;
        bool started;

        public DatumRow? Current { get; private set; }

        public DatumCursor Position => new(Current!.RowKey, partition);

        public async Task<bool> MoveNextAsync(CancellationToken cancellationToken)
        {
            while (page.Count == 0 && (!started || continuation is not null))
            {
                var next = await table.QueryPageAsync<DatumRow>(Range(), continuation, pageSize, cancellationToken: cancellationToken);
                started = true;
                // Where one page was not enough, filters leave much out.
                pageSize = Math.Min(MaxPageRows, pageSize * PageGrowth);
                continuation = next.ContinuationToken;
                foreach (var row in next.Values)
                {
                    // Beyond 4096 projects a slot is shared.
                    if (projects.Contains(row.Project))
                        page.Enqueue(row);
                }
            }

            Current = page.TryDequeue(out var first) ? first : null;
            return Current is not null;
        }

        // In order of (row key, partition): the partitions up to the cursor's own are past a row key that equals the cursor's.
        TableRange Range() => new(PartitionOf(partition))
        {
            From = after is { } later && partition > later.Partition ? later.RowKey : null,
            After = after is { } cursor && partition <= cursor.Partition ? cursor.RowKey : null,
            Before = EndOfDatums,
        };
    }
}

/// <summary>A page of datums.</summary>
/// <param name="Next">Where it ended; null at the end of the list.</param>
/// <param name="Skipped">How many matches were left out before it.</param>
sealed record DatumPage(IReadOnlyList<DatumRow> Rows, DatumCursor? Next, int Skipped);

/// <summary>Where a page of datums ended: the same place whichever projects are listed.</summary>
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

using System.Globalization;
using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>Reads of a project's partitions for selections, and changes of many datums at a time.</summary>
sealed partial class DatumTable
{
    /// <summary>Concurrent transactions of one shard: a partition takes 2,000 rows a second.</summary>
    const int ShardTransactions = 4;

    /// <summary>
    /// A page of one shard of a slot, in the order of row keys. It includes purged datums and those of other projects.
    /// </summary>
    /// <param name="after">The page begins after this row key; null for the beginning of the span.</param>
    public Task<TablePage<SelectedRow>> SelectAsync(
        int slot, int shard, DatumSpan span, string? after, string? continuation, CancellationToken cancellationToken) =>
        table.QueryPageAsync<SelectedRow>(
            new TableRange(PartitionOf((ushort)((slot << 4) | shard)))
            {
                From = after is null ? span.From : null,
                After = after,
                Before = span.Before ?? EndOfDatums,
            },
            continuation, Tables.MaxPageRows, SelectedRow.Columns, cancellationToken);

    /// <summary>Whether one shard of a slot has no more than so many datums in the span. It stands for the others.</summary>
    public async Task<bool> AreFewAsync(int slot, DatumSpan span, int most, CancellationToken cancellationToken) =>
        (await table.QueryPageAsync<RowKeyOnly>(
            new TableRange(PartitionOf((ushort)(slot << 4))) { From = span.From, Before = span.Before ?? EndOfDatums }, null, most,
            [nameof(RowKeyOnly.RowKey)], cancellationToken)).ContinuationToken is null;

    /// <summary>
    /// Changes datums in their present state, each on its own ETag. If a datum changes meanwhile, it is read and
    /// decided about again. So every decision is about the row that it overwrites.
    /// </summary>
    /// <param name="decide">Receives null for a missing datum.</param>
    public async Task<Dictionary<DatumId, DatumChange>> ChangeAsync(
        IReadOnlyCollection<DatumId> ids, Func<DatumRow?, DatumChange> decide, CancellationToken cancellationToken)
    {
        var decided = new Dictionary<DatumId, DatumChange>();
        foreach (var shard in ids.Distinct().GroupBy(PartitionOf, StringComparer.Ordinal))
        {
            var sorted = shard.OrderBy(id => id.Value.RowKey, StringComparer.Ordinal).ToList();
            var rows = await FindAsync(sorted, cancellationToken);
            await Parallel.ForEachAsync(
                sorted.Chunk(Tables.MaxTransactionActions),
                new ParallelOptions { MaxDegreeOfParallelism = ShardTransactions, CancellationToken = cancellationToken },
                async (chunk, token) =>
            {
                var changes = await ChangeChunkAsync(chunk, id => rows.GetValueOrDefault(id), decide, token);
                lock (decided)
                {
                    foreach (var (id, change) in chunk.Zip(changes))
                        decided.Add(id, change);
                }
            });
        }

        return decided;
    }

    /// <summary>Purges a datum for a job, which recognizes its own purges in a repeated delivery.</summary>
    public static DatumChange PurgeOf(DatumRow row, DateTimeOffset time, string user, Guid job)
    {
        var mark = new DatumPurgedRow
        {
            PartitionKey = row.PartitionKey,
            RowKey = row.RowKey,
            Purged = time,
            PurgedBy = user,
            PurgeJob = job,
        };
        List<TableTransactionAction> actions = [Change.Update(mark, row.ETag, TableUpdateMode.Merge)];
        if (DriftedKeyOf(row) is { } drifted)
            actions.Add(Change.Delete(row.PartitionKey, drifted, ETag.All));
        return new DatumChange.Write(actions);
    }

    /// <summary>Sets a datum's tags for a job, which recognizes its own tags in a repeated delivery.</summary>
    public static DatumChange TagsOf(DatumRow row, IEnumerable<string> tags, Guid job) => new DatumChange.Write(
    [
        Change.Update(
            new DatumTagsRow
            {
                PartitionKey = row.PartitionKey,
                RowKey = row.RowKey,
                Tags = DatumTags.Write(tags),
                TagJob = job,
            },
            row.ETag, TableUpdateMode.Merge),
    ]);

    async Task<List<DatumChange>> ChangeChunkAsync(
        DatumId[] ids, Func<DatumId, DatumRow?> read, Func<DatumRow?, DatumChange> decide, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var changes = ids.Select(id => decide(read(id))).ToList();
            List<TableTransactionAction> actions = [.. changes.OfType<DatumChange.Write>().SelectMany(c => c.Actions)];
            if (actions.Count > Tables.MaxTransactionActions)
            {
                var half = ids.Length / 2;
                return
                [
                    .. await ChangeChunkAsync(ids[..half], read, decide, cancellationToken),
                    .. await ChangeChunkAsync(ids[half..], read, decide, cancellationToken),
                ];
            }

            if (actions.Count == 0 || (await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return changes;
            var now = await FindAsync(ids, cancellationToken);
            read = id => now.GetValueOrDefault(id);
        }
    }
}

/// <summary>Row keys of datums between two bounds, newest first.</summary>
/// <param name="From">The first; null for the newest.</param>
/// <param name="Before">The end, exclusive; null for the oldest.</param>
readonly record struct DatumSpan(string? From, string? Before)
{
    /// <summary>The datums of one adoption job: all of them have its time.</summary>
    public static DatumSpan Of(JobId job) => new(job.Value.RowKey[..12], $"{job.Value.RowKey.AsSpan(0, 12)}g");

    /// <summary>The datums adopted at or after one time, and before another; null for no bound.</summary>
    public static DatumSpan Between(DateTimeOffset? since, DateTimeOffset? before) => new(
        before is { } end ? Inverted(Milliseconds(end) - 1) : null,
        since is { } start ? $"{Inverted(Milliseconds(start))}g" : null);

    // An id has milliseconds: round up to the first one that is not before the time.
    static long Milliseconds(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds() + (time.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0);

    static string Inverted(long milliseconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{~milliseconds & 0xFFFF_FFFF_FFFF:x12}");
}

/// <summary>The decision about a datum.</summary>
abstract record DatumChange
{
    DatumChange() { }

    public sealed record Write(IReadOnlyList<TableTransactionAction> Actions) : DatumChange;

    /// <summary>The datum is already as wanted. An earlier delivery may have written it.</summary>
    public sealed record Done : DatumChange;

    /// <summary>The datum stays as it is.</summary>
    public sealed record Skip(string Code, string Message) : DatumChange;
}

/// <summary>The columns that a selection's filter reads.</summary>
interface ISelectableDatum : IFilteredDatum
{
    Guid Project { get; }
    Guid Job { get; }
    long Size { get; }
}

/// <summary>The columns of a datum that a selection's filter reads.</summary>
sealed record SelectedRow : TableRow, ISelectableDatum
{
    public required Guid Project { get; init; }
    public required Guid Job { get; init; }
    public required Guid Store { get; init; }
    public required string Bucket { get; init; }
    public required string Key { get; init; }
    public required long Size { get; init; }
    public string? Tags { get; init; }
    public string? AdoptedTags { get; init; }
    public DateTimeOffset? Purged { get; init; }
    public DriftState? Drift { get; init; }

    Guid? IFilteredDatum.Store => Store;

    public static IReadOnlyList<string> Columns { get; } =
    [
        nameof(RowKey), nameof(Project), nameof(Job), nameof(Store), nameof(Bucket), nameof(Key), nameof(Size), nameof(Tags),
        nameof(AdoptedTags), nameof(Purged), nameof(Drift),
    ];
}

using System.Globalization;
using Azure;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Datums;

/// <summary>
/// The immutable records of objects.
/// <code>
/// table datums
/// {project's slot, 3 hex}{shard 0..f} │ {inverted time, 12 hex}{tail, 16 hex}   store, key, project, job, S3's facts; tags
///                                     │ m-{the same}                            metadata
///                                     │ x-{c|m}-{the same}                      while it is changed, or missing
/// </code>
/// Both keys follow from the id. Tags are merged into the datum's row, in one transaction with the metadata that they
/// belong to. The facts are never written again. Merging its 16 partitions gives a project's newest datums first.
/// </summary>
sealed partial class DatumTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string MetadataPrefix = "m-";

    // Sorts after every datum, because their row keys are hexadecimal.
    const string EndOfDatums = "g";

    readonly TableClient table = tables.GetTableClient("datums");

    public TableClient Table => table;

    public static string PartitionOf(DatumId id) => PartitionOf(id.Value.Partition);

    /// <summary>The datum; null if there is none.</summary>
    public Task<DatumRow?> FindAsync(DatumId id, CancellationToken cancellationToken) =>
        table.FindAsync<DatumRow>(PartitionOf(id), id.Value.RowKey, cancellationToken: cancellationToken);

    /// <summary>
    /// Whether the project has a datum that is not purged; null if the first <paramref name="maxRows"/> rows do not
    /// show it.
    /// </summary>
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

    /// <summary>The datum's properties as a JSON object, with its tags; empty if it has none.</summary>
    public async Task<byte[]> FindMetadataAsync(DatumRow datum, CancellationToken cancellationToken)
    {
        var row = await table.FindAsync<MetadataRow>(
            datum.PartitionKey, MetadataPrefix + datum.RowKey, cancellationToken: cancellationToken);
        return MetadataInput.Compose(row?.Json ?? "{}"u8.ToArray(), DatumTags.Of(datum));
    }

    /// <summary>When the properties were last set, and by whom; null if never.</summary>
    public Task<MetadataChangeRow?> FindMetadataChangeAsync(DatumRow datum, CancellationToken cancellationToken) =>
        table.FindAsync<MetadataChangeRow>(
        datum.PartitionKey, MetadataPrefix + datum.RowKey, [nameof(MetadataChangeRow.Time), nameof(MetadataChangeRow.User)],
        cancellationToken);

    /// <summary>
    /// Replaces the datum's properties and tags in one transaction. Of concurrent calls, the last one's stay, whole.
    /// </summary>
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
                    // The metadata's ETag protects both.
                    Change.Update(tags, ETag.All, TableUpdateMode.Merge),
                ],
                cancellationToken);
            if (written.IsDone)
                return;
        }
    }

    /// <summary>Marks the datum as purged. False if it was already; then the first time stays.</summary>
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

    /// <summary>Keeps the hashes of the datum's bytes. Existing hashes stay. Returns the datum afterwards.</summary>
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
    /// Notes a try of the hashes. False if the datum has changed meanwhile, for example by another note, or has its
    /// hashes.
    /// </summary>
    /// <param name="missed">See <see cref="DatumRow.HashMissed"/>.</param>
    public async Task<bool> NoteHashAsync(
        DatumRow datum, DateTimeOffset tried, string error, bool missed, CancellationToken cancellationToken) =>
        datum.Sha256 is null && (await table.TryUpdateAsync(
            new DatumHashNoteRow
            {
                PartitionKey = datum.PartitionKey,
                RowKey = datum.RowKey,
                HashTried = tried,
                ChecksumError = error,
                HashMissed = missed,
            },
            datum.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone;

    /// <summary>The datums that exist. Reads a range per partition, not a row each.</summary>
    public Task<Dictionary<DatumId, DatumRow>> FindAsync(IReadOnlyCollection<DatumId> ids, CancellationToken cancellationToken) =>
        FindAsync<DatumRow>(ids, select: null, Shards.Count, cancellationToken);

    async Task<Dictionary<DatumId, T>> FindAsync<T>(
        IReadOnlyCollection<DatumId> ids, string[]? select, int partitionsAtOnce, CancellationToken cancellationToken) where T : TableRow
    {
        var found = new Dictionary<DatumId, T>();
        await Parallel.ForEachAsync(
            ids.Distinct().GroupBy(PartitionOf, StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = partitionsAtOnce, CancellationToken = cancellationToken },
                async (shard, token) =>
        {
            var byKey = shard.ToDictionary(id => id.Value.RowKey, StringComparer.Ordinal);
            var rows = await table.FindManyAsync<T>(
                shard.Key, [.. byKey.Keys.Order(StringComparer.Ordinal)], select, before: EndOfDatums, cancellationToken: token);
            lock (found)
            {
                foreach (var row in rows.Values)
                    found.Add(byKey[row.RowKey], row);
            }
        });
        return found;
    }

    static string PartitionOf(ushort partition) => partition.ToString("x4", CultureInfo.InvariantCulture);
}

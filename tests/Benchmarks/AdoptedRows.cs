using System.Runtime.CompilerServices;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Writes the same rows as an adoption, without its other work: staging, lookups, checks and repetitions. Every
/// transaction except a partition's last is full.
/// </summary>
sealed class AdoptedRows(StorageAccount storage, Store store, Project project, JobId job)
{
    public TableClient Locations { get; } = new LocationTable(storage.Tables, TimeProvider.System).Table;

    public TableClient Datums { get; } = new DatumTable(storage.Tables, TimeProvider.System).Table;

    /// <summary>Inserts a location and a datum for each object; returns the number of rows.</summary>
    /// <param name="inFlight">Concurrent transactions.</param>
    /// <exception cref="WrongResultException">A row existed already.</exception>
    public async Task<int> InsertAsync(IAsyncEnumerable<S3Object> objects, int inFlight, CancellationToken cancellationToken)
    {
        var rows = 0;
        await Parallel.ForEachAsync(
            TransactionsAsync(objects, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (transaction, token) =>
            {
                var result = await transaction.Submit(token);
                Done(result.IsDone || (result.Outcome == TableOutcome.AlreadyExists && await IsOursAsync(transaction.First, token)));
                Interlocked.Add(ref rows, transaction.Count);
            });
        return rows;
    }

    /// <summary>Inserts datums alone, for what reads no locations.</summary>
    /// <inheritdoc cref="InsertAsync"/>
    public async Task InsertDatumsAsync(IEnumerable<DatumRow> datums, int inFlight, CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
            TransactionsOf(datums), new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (transaction, token) => Done((await transaction.Submit(token)).IsDone || await IsOursAsync(transaction.First, token)));

    public LocationRow LocationOf(S3Object found)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, found.Key);
        return new()
        {
            PartitionKey = partition,
            RowKey = rowKey,
            Key = found.Key,
            Datum = DatumId.Mint(job, project.Slot, found.Key, found.VersionId).Value.ToGuid(),
            Job = job.Value.ToGuid(),
            Project = project.Id,
            AdoptedBy = "administrator",
            Size = found.Size,
            ObjectETag = found.ETag,
            LastModified = found.LastModified,
            VersionId = found.VersionId,
            Md5 = found.Md5,
            Sha256 = found.Sha256,
        };
    }

    public DatumRow DatumOf(LocationRow location) => DatumRow.Of(location, store.Id, store.Configuration.Bucket);

    public static void Done(bool done)
    {
        if (!done)
            throw new WrongResultException("A row was there already.");
    }

    /// <summary>
    /// Whether a refused transaction had succeeded before, and its answer was lost: a retry then finds its own rows.
    /// </summary>
    async Task<bool> IsOursAsync(AdoptedRow first, CancellationToken cancellationToken)
    {
        AdoptedRow? there = first is DatumRow
            ? await Datums.FindAsync<DatumRow>(first.PartitionKey, first.RowKey, cancellationToken: cancellationToken)
            : await Locations.FindAsync<LocationRow>(first.PartitionKey, first.RowKey, cancellationToken: cancellationToken);
        return there?.Job == first.Job;
    }

    async IAsyncEnumerable<FullTransaction> TransactionsAsync(
        IAsyncEnumerable<S3Object> objects, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var locations = new Filling<LocationRow>(Locations);
        var datums = new Filling<DatumRow>(Datums);
        await foreach (var found in objects.WithCancellation(cancellationToken))
        {
            var location = LocationOf(found);
            if (locations.Add(location) is { } first)
                yield return first;
            if (datums.Add(DatumOf(location)) is { } second)
                yield return second;
        }

        foreach (var rest in locations.Rest().Concat(datums.Rest()))
            yield return rest;
    }

    IEnumerable<FullTransaction> TransactionsOf(IEnumerable<DatumRow> datums)
    {
        var filling = new Filling<DatumRow>(Datums);
        foreach (var datum in datums)
        {
            if (filling.Add(datum) is { } full)
                yield return full;
        }

        foreach (var rest in filling.Rest())
            yield return rest;
    }

    sealed record FullTransaction(AdoptedRow First, int Count, Func<CancellationToken, Task<TableTransactionResult>> Submit);

    /// <summary>Partly filled transactions of one table, one per partition.</summary>
    sealed class Filling<T>(TableClient table) where T : AdoptedRow
    {
        readonly Dictionary<string, List<T>> filling = new(StringComparer.Ordinal);

        /// <summary>The partition's transaction, once it is full.</summary>
        public FullTransaction? Add(T row)
        {
            if (!filling.TryGetValue(row.PartitionKey, out var rows))
                filling.Add(row.PartitionKey, rows = []);
            rows.Add(row);
            return rows.Count == Tables.MaxTransactionActions && filling.Remove(row.PartitionKey) ? Of(rows) : null;
        }

        public IEnumerable<FullTransaction> Rest() => filling.Values.Select(Of);

        FullTransaction Of(List<T> rows) => new(rows[0], rows.Count, token => BulkInsert.TryInsertAsync(table, rows, token));
    }
}

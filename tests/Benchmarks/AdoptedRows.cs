using System.Runtime.CompilerServices;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Benchmarks;

/// <summary>
/// What adoption writes for objects, and nothing of its work: nothing is staged, looked up, checked or repeated, and every
/// transaction but a partition's last is full.
/// </summary>
sealed class AdoptedRows(StorageAccount storage, Store store, Project project, JobId job)
{
    public TableClient Locations { get; } = new LocationTable(storage.Tables).Table;

    public TableClient Datums { get; } = new DatumTable(storage.Tables, TimeProvider.System).Table;

    /// <summary>Inserts a location and a datum for each; returns how many rows.</summary>
    /// <param name="inFlight">Transactions at a time.</param>
    /// <exception cref="WrongResultException">A row was there already.</exception>
    public async Task<int> InsertAsync(IAsyncEnumerable<S3Object> objects, int inFlight, CancellationToken cancellationToken)
    {
        var rows = 0;
        await Parallel.ForEachAsync(
            TransactionsAsync(objects, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (transaction, token) =>
            {
                var result = await transaction.Table.TrySubmitAsync(transaction.Actions, token);
                Done(result.IsDone || (result.Outcome == TableOutcome.AlreadyExists && await IsOursAsync(transaction.First, token)));
                Interlocked.Add(ref rows, transaction.Actions.Count);
            });
        return rows;
    }

    public LocationRow LocationOf(S3Object found)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, found.Key);
        return new()
        {
            PartitionKey = partition, RowKey = rowKey, Key = found.Key, Datum = DatumId.Mint(job, project.Slot, found.Key, found.VersionId).Value.ToGuid(),
            Job = job.Value.ToGuid(), Project = project.Id, AdoptedBy = "administrator", Size = found.Size, ObjectETag = found.ETag,
            LastModified = found.LastModified, VersionId = found.VersionId, Md5 = found.Md5, Sha256 = found.Sha256,
        };
    }

    public DatumRow DatumOf(LocationRow location) => DatumRow.Of(location, store.Id, store.Configuration.Bucket);

    public static void Done(bool done)
    {
        if (!done)
            throw new WrongResultException("A row was there already.");
    }

    /// <summary>Whether a transaction that was refused had been done before, and its answer lost: a retry then finds its own rows.</summary>
    async Task<bool> IsOursAsync(AdoptedRow first, CancellationToken cancellationToken)
    {
        AdoptedRow? there = first is DatumRow
            ? await Datums.FindAsync<DatumRow>(first.PartitionKey, first.RowKey, cancellationToken: cancellationToken)
            : await Locations.FindAsync<LocationRow>(first.PartitionKey, first.RowKey, cancellationToken: cancellationToken);
        return there?.Job == first.Job;
    }

    async IAsyncEnumerable<(TableClient Table, AdoptedRow First, List<TableTransactionAction> Actions)> TransactionsAsync(
        IAsyncEnumerable<S3Object> objects, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filling = new Dictionary<(TableClient Table, string Partition), (AdoptedRow First, List<TableTransactionAction> Actions)>();
        await foreach (var found in objects.WithCancellation(cancellationToken))
        {
            var location = LocationOf(found);
            if (Add(Locations, location, Change.Add(location)) is { } first)
                yield return (Locations, first.First, first.Actions);
            var datum = DatumOf(location);
            if (Add(Datums, datum, Change.Add(datum)) is { } second)
                yield return (Datums, second.First, second.Actions);
        }

        foreach (var ((table, _), rest) in filling)
            yield return (table, rest.First, rest.Actions);

        // The partition's transaction, once it is full.
        (AdoptedRow First, List<TableTransactionAction> Actions)? Add(TableClient table, AdoptedRow row, TableTransactionAction action)
        {
            if (!filling.TryGetValue((table, row.PartitionKey), out var transaction))
                filling.Add((table, row.PartitionKey), transaction = (row, []));
            transaction.Actions.Add(action);
            return transaction.Actions.Count == Tables.MaxTransactionActions && filling.Remove((table, row.PartitionKey)) ? transaction : null;
        }
    }
}

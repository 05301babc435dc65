using System.Globalization;
using System.Runtime.CompilerServices;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The datums that a job made. Their row keys begin with the job's time.</summary>
sealed partial class DatumTable
{
    /// <summary>All datums of a job, purged ones too, in a stable but arbitrary order.</summary>
    /// <param name="after">The place of the previous datum; null for all.</param>
    /// <param name="page">Rows per request.</param>
    public async IAsyncEnumerable<JobDatumRow> ListOfJobAsync(
        JobId job, DatumCursor? after, int page, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var time = job.Value.RowKey[..12];
        foreach (var partition in Enumerable.Range(job.Slot << 4, Shards.Count).Select(p => (ushort)p).Where(p => !(p < after?.Partition)))
        {
            var range = new TableRange(PartitionOf(partition))
            {
                From = partition == after?.Partition ? null : time,
                After = partition == after?.Partition ? after.Value.RowKey : null,
                Before = time + EndOfDatums,
            };
            var rows = table.ReadAsync<JobDatumRow>(range, Math.Min(Tables.MaxPageRows, page), JobDatumRow.Columns, cancellationToken);
            await foreach (var row in rows)
            {
                // Another job may have the same millisecond.
                if (row.Job == job.Value.ToGuid())
                    yield return row;
            }
        }
    }
}

/// <summary>The columns of a datum that a job's results show.</summary>
sealed record JobDatumRow : TableRow
{
    public required Guid Job { get; init; }
    public required string Key { get; init; }
    public required string Bucket { get; init; }

    public static IReadOnlyList<string> Columns { get; } = [nameof(PartitionKey), nameof(RowKey), nameof(Job), nameof(Key), nameof(Bucket)];

    [System.Runtime.Serialization.IgnoreDataMember]
    public DatumCursor Position => new(RowKey, ushort.Parse(PartitionKey, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    [System.Runtime.Serialization.IgnoreDataMember] public DatumId Id => new(TimedId.FromRowKey(Position.Partition, RowKey));
}

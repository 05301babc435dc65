using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The locations below a prefix, of which a choice is made.</summary>
sealed partial class LocationTable
{
    /// <summary>
    /// A page of one shard of the locations whose keys begin with a prefix. Free ones, those of other projects and, where the prefix is
    /// over <see cref="OrderedKey.MaxClearBytes"/>, some neighbours are among them.
    /// </summary>
    /// <param name="after">The row key after which it begins; null for the first.</param>
    public Task<TablePage<SelectedLocationRow>> SelectAsync(
        Guid store, int shard, string prefix, string? after, string? continuation, CancellationToken cancellationToken) =>
        table.QueryPageAsync<SelectedLocationRow>(
            Below(store, shard, prefix) with { From = after is null ? Below(store, shard, prefix).From : null, After = after },
            continuation, Tables.MaxPageRows, SelectedLocationRow.Columns, cancellationToken);

    /// <summary>
    /// Whether one shard has no more than so many locations below a prefix. Keys are spread evenly, so it stands for all of them.
    /// </summary>
    public async Task<bool> AreFewBelowAsync(Guid store, string prefix, int most, CancellationToken cancellationToken) =>
        (await table.QueryPageAsync<RowKeyOnly>(
            Below(store, shard: 0, prefix), null, most, [nameof(RowKeyOnly.RowKey)], cancellationToken)).ContinuationToken is null;

    static TableRange Below(Guid store, int shard, string prefix)
    {
        var from = OrderedKey.Encode(prefix);
        var partition = $"{store:N}-{shard:x}";
        // The rows of a hashed group are in no order.
        return OrderedKey.IsHashed(from)
            ? new(partition) { From = from[..OrderedKey.MaxClearBytes], Before = OrderedKey.EndOfGroup(from) }
            : new(partition) { From = from, Before = from[..^1] + (char)(from[^1] + 1) };
    }
}

/// <summary>The columns of a location that a choice looks at.</summary>
sealed record SelectedLocationRow : TableRow
{
    public required string Key { get; init; }
    public required Guid Datum { get; init; }
    public required Guid Job { get; init; }
    public required Guid Project { get; init; }
    public required long Size { get; init; }
    public string? AdoptedTags { get; init; }

    /// <inheritdoc cref="AdoptedRow.Previous"/>
    public Guid? Previous { get; init; }

    /// <inheritdoc cref="LocationRow.Settled"/>
    public bool? Settled { get; init; }

    /// <inheritdoc cref="LocationRow.Purged"/>
    public bool? Purged { get; init; }

    [IgnoreDataMember] public DatumId Id => new(TimedId.FromGuid(Datum));

    public static IReadOnlyList<string> Columns { get; } =
    [
        nameof(RowKey), nameof(Key), nameof(Datum), nameof(Job), nameof(Project), nameof(Size), nameof(AdoptedTags), nameof(Previous),
        nameof(Settled), nameof(Purged),
    ];

    /// <summary>The facts of the datum's row, unless it has drifted or its tags were edited.</summary>
    public SelectedRow AsDatum(Guid store, string bucket) => new()
    {
        PartitionKey = DatumTable.PartitionOf(Id),
        RowKey = Id.Value.RowKey,
        Project = Project,
        Job = Job,
        Store = store,
        Bucket = bucket,
        Key = Key,
        Size = Size,
        AdoptedTags = AdoptedTags,
    };
}

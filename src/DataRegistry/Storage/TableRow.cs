using System.Runtime.Serialization;
using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// A row of a table. Properties are strings, <c>bool</c>, <c>int</c>, <c>long</c>, <c>double</c>, <c>Guid</c>, <c>DateTimeOffset</c>,
/// <c>byte[]</c> and enums, which are kept by name. A null property is not stored. A computed getter needs <c>[IgnoreDataMember]</c>:
/// without it the package stores it as a column.
/// </summary>
public abstract record TableRow : ITableEntity
{
    public required string PartitionKey { get; set; }

    public required string RowKey { get; set; }

    /// <summary>The row's version when it was read; default for a row that was not read.</summary>
    public ETag ETag { get; set; }

    /// <summary>Nothing rests on the service's own time, so rows do not keep it.</summary>
    [IgnoreDataMember]
    DateTimeOffset? ITableEntity.Timestamp
    {
        get => null;
        set { }
    }
}

/// <summary>A row's key alone, for asking which rows are there.</summary>
public sealed record RowKeyOnly : TableRow;

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

    /// <summary>The service's own time. Rows do not keep it, because nothing needs it.</summary>
    [IgnoreDataMember]
    DateTimeOffset? ITableEntity.Timestamp
    {
        get => null;
        set { }
    }
}

/// <summary>The key of a row, for queries that only find out which rows exist.</summary>
public sealed record RowKeyOnly : TableRow;

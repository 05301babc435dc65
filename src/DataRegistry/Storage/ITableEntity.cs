using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// A row of a table. Properties are strings, <c>bool</c>, <c>int</c>, <c>long</c>, <c>double</c>, <c>Guid</c>,
/// <c>DateTimeOffset</c>, <c>byte[]</c> and enums (kept by name); a null property is not stored. Its JSON comes from a
/// source-generated context that the room hands to <see cref="TableServiceClient.GetTableClient"/>.
/// </summary>
public interface ITableEntity
{
    string PartitionKey { get; }

    string RowKey { get; }

    /// <summary>
    /// The row's version when it was read; default for a row that was not read. Give it <c>[JsonIgnore]</c> and a setter
    /// or <c>init</c>, and make it no constructor parameter: the source generator cannot handle its type, so the table client reads it, and never writes it.
    /// </summary>
    ETag ETag { get; }
}

using System.Text.Json.Serialization.Metadata;
using Azure;

namespace DataRegistry.Storage;

public enum TableUpdateMode { Merge, Replace }

public sealed record TablePage<T>(IReadOnlyList<T> Values, string? ContinuationToken);

/// <summary>One change of a transaction; built by the static methods.</summary>
public abstract record TableTransactionAction
{
    public static TableTransactionAction Add<T>(T entity) where T : class, ITableEntity => throw new NotSupportedException();
    public static TableTransactionAction Update<T>(T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace) where T : class, ITableEntity => throw new NotSupportedException();
    public static TableTransactionAction Delete(string partitionKey, string rowKey, ETag ifMatch) => throw new NotSupportedException();
}

public sealed class TableServiceClient
{
    public TableClient GetTableClient(string tableName, IJsonTypeInfoResolver rows) => throw new NotSupportedException();
}

public sealed class TableClient
{
    public const int MaxTransactionActions = 100;
    public const int MaxTransactionBytes = 4 * 1024 * 1024;
    public Task CreateIfNotExistsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    public Task<TableWrite> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default) where T : class, ITableEntity => throw new NotSupportedException();
    public Task<TableWrite> UpdateEntityAsync<T>(T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace, CancellationToken cancellationToken = default) where T : class, ITableEntity => throw new NotSupportedException();
    public Task<TableWrite> DeleteEntityAsync(string partitionKey, string rowKey, ETag ifMatch, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    public Task<T?> GetEntityIfExistsAsync<T>(string partitionKey, string rowKey, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity => throw new NotSupportedException();
    public Task<TablePage<T>> QueryPageAsync<T>(TableRange range, string? continuationToken = null, int? maxPerPage = null, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity => throw new NotSupportedException();
    public IAsyncEnumerable<T> QueryAsync<T>(TableRange range, int? maxPerPage = null, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity => throw new NotSupportedException();
    public Task<TableTransactionResult> SubmitTransactionAsync(IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}

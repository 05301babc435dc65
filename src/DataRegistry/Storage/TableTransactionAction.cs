using System.Text.Json;
using Azure;

namespace DataRegistry.Storage;

/// <summary>One change of a transaction; built by the static methods.</summary>
public abstract record TableTransactionAction
{
    TableTransactionAction(string partitionKey, string rowKey, ETag ifMatch)
    {
        PartitionKey = partitionKey;
        RowKey = rowKey;
        IfMatch = ifMatch;
    }

    public string PartitionKey { get; }

    public string RowKey { get; }

    internal ETag IfMatch { get; }

    internal abstract string Method { get; }

    /// <summary>An insert: refused with <see cref="TableOutcome.AlreadyExists"/> where the row is there.</summary>
    public static TableTransactionAction Add<T>(T entity) where T : class, ITableEntity => new Put<T>("POST", entity, default);

    /// <param name="ifMatch">The version that is to be changed; <see cref="ETag.All"/> for whatever is there.</param>
    /// <param name="mode">Merge leaves properties alone that are null in <paramref name="entity"/>; replace removes them.</param>
    /// <exception cref="ArgumentException">There is no ETag: without one the service would insert or overwrite.</exception>
    public static TableTransactionAction Update<T>(T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace) where T : class, ITableEntity =>
        new Put<T>(mode == TableUpdateMode.Merge ? "MERGE" : "PUT", entity, TableClient.Required(ifMatch));

    /// <summary>Inserts the row, or merges it into the one that is there: properties that are null in it are left alone.</summary>
    public static TableTransactionAction Upsert<T>(T entity) where T : class, ITableEntity => new Put<T>("MERGE", entity, default);

    /// <inheritdoc cref="Update{T}" path="/param|/exception"/>
    public static TableTransactionAction Delete(string partitionKey, string rowKey, ETag ifMatch) =>
        new Removal(partitionKey, rowKey, TableClient.Required(ifMatch));

    /// <summary>Writes the row as JSON; nothing for a delete.</summary>
    internal abstract void WriteRow(Utf8JsonWriter json, TableRowFormat format);

    /// <summary>The same change as a request of its own.</summary>
    internal abstract Task<TableWrite> SubmitAloneAsync(TableClient table, CancellationToken cancellationToken);

    sealed record Put<T>(string Verb, T Entity, ETag Condition) : TableTransactionAction(Entity.PartitionKey, Entity.RowKey, Condition) where T : class, ITableEntity
    {
        internal override string Method => Verb;

        internal override void WriteRow(Utf8JsonWriter json, TableRowFormat format) => JsonSerializer.Serialize(json, Entity, format.Row<T>());

        internal override Task<TableWrite> SubmitAloneAsync(TableClient table, CancellationToken cancellationToken) => Verb is "POST" ? table.AddEntityAsync(Entity, cancellationToken)
            : Condition == default ? table.UpsertEntityAsync(Entity, cancellationToken)
            : table.UpdateEntityAsync(Entity, Condition, Verb is "MERGE" ? TableUpdateMode.Merge : TableUpdateMode.Replace, cancellationToken);
    }

    sealed record Removal(string Partition, string Row, ETag Condition) : TableTransactionAction(Partition, Row, Condition)
    {
        internal override string Method => "DELETE";

        internal override void WriteRow(Utf8JsonWriter json, TableRowFormat format)
        {
        }

        internal override Task<TableWrite> SubmitAloneAsync(TableClient table, CancellationToken cancellationToken) =>
            table.DeleteEntityAsync(Partition, Row, IfMatch, cancellationToken);
    }
}

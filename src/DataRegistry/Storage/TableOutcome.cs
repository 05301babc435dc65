using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// The result of a conditional write. Any other failure (throttled after all retries, refused, unreachable) is an exception.
/// </summary>
public enum TableOutcome
{
    /// <summary>Written.</summary>
    Done,

    /// <summary>An insert found a row with this key (409). After a lost answer that row may be our own: compare it.</summary>
    AlreadyExists,

    /// <summary>The row has another ETag than expected (412). After a lost answer the change may be our own: read it again.</summary>
    Changed,

    /// <summary>The row to change or delete is not there (404). After a lost answer the delete may be our own.</summary>
    Missing,
}

/// <summary>The outcome of one conditional write, and the row's new ETag where it was <see cref="TableOutcome.Done"/>.</summary>
public readonly record struct TableWrite(TableOutcome Outcome, ETag ETag)
{
    public bool IsDone => Outcome == TableOutcome.Done;
}

/// <summary>The outcome of an entity group transaction: all of its actions, or none of them and the refused row.</summary>
/// <param name="Outcome"><see cref="TableOutcome.Done"/>, or why the row at <paramref name="FailedIndex"/> was refused.</param>
/// <param name="FailedIndex">Index of the refused action; -1 if all succeeded.</param>
/// <param name="ETags">New ETags in the order of the actions (default for deletes); empty unless done.</param>
public sealed record TableTransactionResult(TableOutcome Outcome, int FailedIndex, IReadOnlyList<ETag> ETags)
{
    public bool IsDone => Outcome == TableOutcome.Done;
}

/// <summary>Some rows, perhaps none, and the token for the next ones; null at the end.</summary>
public sealed record TablePage<T>(IReadOnlyList<T> Values, string? ContinuationToken);

/// <summary>One change of a transaction.</summary>
public static class Change
{
    /// <summary>An insert: refused with <see cref="TableOutcome.AlreadyExists"/> where the row is there.</summary>
    public static TableTransactionAction Add(ITableEntity row) => new(TableTransactionActionType.Add, row);

    /// <param name="ifMatch">The version to change; <see cref="ETag.All"/> for any version.</param>
    /// <param name="mode">Merge leaves properties alone that are null in <paramref name="row"/>; replace removes them.</param>
    /// <exception cref="ArgumentException">There is no ETag: without one the service would insert or overwrite.</exception>
    public static TableTransactionAction Update(ITableEntity row, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace) => new(
        mode == TableUpdateMode.Merge ? TableTransactionActionType.UpdateMerge : TableTransactionActionType.UpdateReplace,
        row, Tables.Required(ifMatch));

    /// <summary>Inserts the row, or merges it into the one that is there: properties that are null in it are left alone.</summary>
    public static TableTransactionAction Upsert(ITableEntity row) => new(TableTransactionActionType.UpsertMerge, row);

    /// <inheritdoc cref="Update" path="/param|/exception"/>
    public static TableTransactionAction Delete(string partitionKey, string rowKey, ETag ifMatch) =>
        new(TableTransactionActionType.Delete, new TableEntity(partitionKey, rowKey), Tables.Required(ifMatch));
}

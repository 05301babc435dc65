using Azure;

namespace DataRegistry.Storage;

/// <summary>What became of a conditional write. Everything else (throttled for good, refused, unreachable) is an exception.</summary>
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

/// <summary>The outcome of an entity group transaction: all of it, or none of it and the row that stood in the way.</summary>
/// <param name="Outcome"><see cref="TableOutcome.Done"/>, or why the row at <paramref name="FailedIndex"/> was refused.</param>
/// <param name="FailedIndex">Index of the refused action; -1 when done.</param>
/// <param name="ETags">New ETags in the order of the actions (default for deletes); empty unless done.</param>
public sealed record TableTransactionResult(TableOutcome Outcome, int FailedIndex, IReadOnlyList<ETag> ETags)
{
    public bool IsDone => Outcome == TableOutcome.Done;
}

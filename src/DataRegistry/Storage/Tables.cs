using System.Runtime.CompilerServices;
using System.Text;
using Azure;
using Azure.Data.Tables.Models;

namespace DataRegistry.Storage;

/// <summary>
/// The seam to Table Storage: the operations of this app on the package's <see cref="TableClient"/>. Every write but
/// <see cref="Change.Upsert"/> is conditional. Expected
/// refusals are outcomes. Any other failure that outlasts the retries is a <see cref="RequestFailedException"/> with the service's
/// error code; a missing table (TableNotFound) is never taken for a missing row.
/// </summary>
public static class Tables
{
    /// <summary>Actions in a transaction, by the service's limits for entity group transactions.</summary>
    public const int MaxTransactionActions = 100;

    /// <summary>Rows in a page, by the service's limits.</summary>
    public const int MaxPageRows = 1000;

    /// <summary>Rows of the first page if pages are bounded in bytes.</summary>
    const int SampleRows = 64;

    /// <summary>
    /// The longest upper bound that is sent, in characters. It covers the short prefixes of kinds of rows that share a partition. Two long
    /// keys would outgrow a request line: percent-encoded, each of their characters becomes nine.
    /// </summary>
    const int MaxSentBound = 100;

    static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Inserts a row: <see cref="TableOutcome.Done"/> or <see cref="TableOutcome.AlreadyExists"/>.</summary>
    public static Task<TableWrite> TryAddAsync<T>(this TableClient table, T row, CancellationToken cancellationToken = default)
        where T : ITableEntity
    {
        RequireWellFormed(row);
        return WriteAsync(() => table.AddEntityAsync(row, cancellationToken));
    }

    /// <summary>
    /// Changes an existing row: <see cref="TableOutcome.Done"/>, <see cref="TableOutcome.Changed"/> or
    /// <see cref="TableOutcome.Missing"/>.
    /// </summary>
    /// <inheritdoc cref="Change.Update" path="/param|/exception"/>
    public static Task<TableWrite> TryUpdateAsync<T>(
        this TableClient table, T row, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace,
        CancellationToken cancellationToken = default)
        where T : ITableEntity
    {
        RequireWellFormed(row);
        Required(ifMatch);
        return WriteAsync(() => table.UpdateEntityAsync(row, ifMatch, mode, cancellationToken));
    }

    /// <summary>
    /// Deletes a row: <see cref="TableOutcome.Done"/>, <see cref="TableOutcome.Changed"/> or <see cref="TableOutcome.Missing"/>.
    /// </summary>
    /// <inheritdoc cref="Change.Update" path="/param|/exception"/>
    public static Task<TableWrite> TryDeleteAsync(
        this TableClient table, string partitionKey, string rowKey, ETag ifMatch, CancellationToken cancellationToken = default)
    {
        RequireWellFormed(partitionKey, rowKey);
        Required(ifMatch);
        return WriteAsync(() => table.DeleteEntityAsync(partitionKey, rowKey, ifMatch, cancellationToken));
    }

    /// <summary>Reads one row; null if it is absent.</summary>
    /// <param name="select">Properties to read; null for all. The keys and the ETag always come along.</param>
    public static async Task<T?> FindAsync<T>(
        this TableClient table, string partitionKey, string rowKey, IEnumerable<string>? select = null,
        CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        RequireWellFormed(partitionKey, rowKey);
        var found = await OnceAsync(() => table.GetEntityIfExistsAsync<T>(partitionKey, rowKey, Keyed(select), cancellationToken));
        if (found.HasValue)
            return found.Value;
        RequireTable(found.GetRawResponse());
        return null;
    }

    /// <summary>
    /// Reads one page of a range. A page may be empty and still have a continuation. A row that is written during the reading may be
    /// missing. A row that exists all the time comes once.
    /// </summary>
    /// <param name="continuationToken">From the page before, of the same range; null for the first.</param>
    /// <param name="maxPerPage">At most this many rows, 1 to 1000; null for as many as the service gives (1000).</param>
    /// <inheritdoc cref="FindAsync{T}" path="/param[@name='select']"/>
    /// <exception cref="InvalidOperationException">The service's order is not ordinal, so the end of the range is unknown.</exception>
    public static async Task<TablePage<T>> QueryPageAsync<T>(
        this TableClient table, TableRange range, string? continuationToken = null, int? maxPerPage = null,
        IEnumerable<string>? select = null,
        CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        var size = maxPerPage is { } top ? Math.Clamp(top, 1, MaxPageRows) : (int?)null;
        var pages = table.QueryAsync<T>(FilterOf(range), size, Keyed(select), cancellationToken).AsPages(continuationToken);
        await using var enumerator = pages.GetAsyncEnumerator(cancellationToken);
        if (!await OnceAsync(() => enumerator.MoveNextAsync().AsTask()))
            return new([], null);
        var rows = enumerator.Current.Values;
        var end = EndOf(rows, range);
        return end < rows.Count
            ? new([.. rows.Take(end)], null)
            : new(rows, enumerator.Current.ContinuationToken is { Length: > 0 } next ? next : null);
    }

    /// <summary>Reads a range, page after page, as it is enumerated.</summary>
    /// <inheritdoc cref="QueryPageAsync{T}" path="/param|/exception"/>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        this TableClient table, TableRange range, int? maxPerPage = null, IEnumerable<string>? select = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        string? token = null;
        do
        {
            var page = await table.QueryPageAsync<T>(range, token, maxPerPage, select, cancellationToken);
            foreach (var row in page.Values)
                yield return row;
            token = page.ContinuationToken;
        }
        while (token is not null);
    }

    /// <summary>Reads a range in pages of about so many bytes, for rows of any size.</summary>
    /// <param name="pageBytes">As <see cref="RowSize"/> counts them.</param>
    /// <inheritdoc cref="QueryPageAsync{T}" path="/param|/exception"/>
    internal static async IAsyncEnumerable<T> ReadBySizeAsync<T>(
        this TableClient table, TableRange range, int pageBytes, IEnumerable<string>? select = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        string? token = null;
        long bytes = 0;
        var rows = 0;
        do
        {
            var size = rows == 0 ? SampleRows : (int)Math.Clamp(pageBytes * (long)rows / bytes, 1, MaxPageRows);
            var page = await table.QueryPageAsync<T>(range, token, size, select, cancellationToken);
            foreach (var row in page.Values)
            {
                (rows, bytes) = (rows + 1, bytes + RowSize.Of(row));
                yield return row;
            }

            token = page.ContinuationToken;
        }
        while (token is not null);
    }

    /// <summary>
    /// Does all of the actions, or none of them and names the first refused one. After a lost answer the retry finds the rows of the
    /// first try. It then refuses an insert of our own at index 0: compare the row.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty or over a limit, or has several partitions or a row twice.</exception>
    public static async Task<TableTransactionResult> TrySubmitAsync(
        this TableClient table, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken = default)
    {
        RequireTransaction([.. actions.Select(action => action.Entity)], nameof(actions));

        // Send a single action as a plain request. It has the same conditions and outcomes, and costs less.
        if (actions is [var only])
        {
            var write = await SubmitAloneAsync(table, only, cancellationToken);
            return write.IsDone ? new(TableOutcome.Done, -1, [write.ETag]) : new(write.Outcome, 0, []);
        }

        using var scope = RequestPolicy.NameTable(table.Name);
        try
        {
            var answers = (await OnceAsync(() => table.SubmitTransactionAsync(actions, cancellationToken))).Value;
            RequireParts(answers.Count, actions.Count);
            return new(TableOutcome.Done, -1, [.. answers.Select(ETagOf)]);
        }
        catch (TableTransactionFailedException e) when (OutcomeOf(e) is { } outcome)
        {
            // The service may leave out an index of 0.
            return new(outcome, e.FailedTransactionActionIndex ?? 0, []);
        }
    }

    static Task<TableWrite> SubmitAloneAsync(TableClient table, TableTransactionAction action, CancellationToken cancellationToken) =>
        action.ActionType switch
        {
            TableTransactionActionType.Add => WriteAsync(() => table.AddEntityAsync(action.Entity, cancellationToken)),
            TableTransactionActionType.UpsertMerge =>
                WriteAsync(() => table.UpsertEntityAsync(action.Entity, TableUpdateMode.Merge, cancellationToken)),
            TableTransactionActionType.Delete =>
                table.TryDeleteAsync(action.Entity.PartitionKey, action.Entity.RowKey, action.ETag, cancellationToken),
            TableTransactionActionType.UpdateMerge =>
                table.TryUpdateAsync(action.Entity, action.ETag, TableUpdateMode.Merge, cancellationToken),
            _ => table.TryUpdateAsync(action.Entity, action.ETag, TableUpdateMode.Replace, cancellationToken),
        };

    /// <summary>Checks the limits of a transaction. The emulator accepts two partitions, which the service refuses.</summary>
    internal static void RequireTransaction(IReadOnlyList<ITableEntity> rows, string parameter)
    {
        if (rows.Count is 0 or > MaxTransactionActions)
            throw new ArgumentException($"A transaction has 1 to {MaxTransactionActions} actions, not {rows.Count}.", parameter);
        var keys = new HashSet<string>(rows.Count, StringComparer.Ordinal);
        foreach (var row in rows)
        {
            RequireWellFormed(row);
            if (row.PartitionKey != rows[0].PartitionKey)
                throw new ArgumentException(
                    $"All rows of a transaction are of one partition: \"{rows[0].PartitionKey}\", not \"{row.PartitionKey}\".", parameter);
            if (!keys.Add(row.RowKey))
                throw new ArgumentException($"Row \"{row.RowKey}\" is in the transaction already.", parameter);
        }
    }

    /// <summary>Refuses an answer with missing parts.</summary>
    internal static void RequireParts(int answered, int asked)
    {
        if (answered != asked)
            throw new RequestFailedException(202, $"The answer to a transaction of {asked} actions has {answered} parts.");
    }

    internal static ETag Required(ETag ifMatch) => ifMatch == default
        ? throw new ArgumentException("A change needs the ETag of the row that was read, or ETag.All.", nameof(ifMatch))
        : ifMatch;

    /// <summary>The outcome that a refusal stands for; null if it is not about a row (the table is missing or being deleted).</summary>
    internal static TableOutcome? OutcomeOf(RequestFailedException refusal) => refusal.Status switch
    {
        404 when refusal.ErrorCode != TableErrorCode.TableNotFound => TableOutcome.Missing,
        409 when refusal.ErrorCode == TableErrorCode.EntityAlreadyExists => TableOutcome.AlreadyExists,
        412 => TableOutcome.Changed,
        _ => null,
    };

    /// <summary>The failure of the last try. After the retries the package throws the failures of all tries as one.</summary>
    internal static async Task<T> OnceAsync<T>(Func<Task<T>> request)
    {
        try
        {
            return await request();
        }
        catch (AggregateException retries) when (retries.InnerExceptions is [.., var last])
        {
            throw last is RequestFailedException failed
                ? new RequestFailedException(failed.Status, failed.Message, failed.ErrorCode, retries)
                : new RequestFailedException(retries.Message, retries);
        }
        catch (IOException e)
        {
            throw new RequestFailedException(e.Message, e);
        }
    }

    internal static ETag ETagOf(Response response) => response.Headers.TryGetValue("ETag", out var etag) ? new(etag) : default;

    static async Task<TableWrite> WriteAsync(Func<Task<Response>> request)
    {
        try
        {
            var response = await OnceAsync(request);
            if (response.Status < 300)
                return new(TableOutcome.Done, ETagOf(response));
            // A delete answers 404 without an exception.
            RequireTable(response);
            return new(TableOutcome.Missing, default);
        }
        catch (RequestFailedException e) when (OutcomeOf(e) is { } outcome)
        {
            return new(outcome, default);
        }
    }

    static void RequireTable(Response response)
    {
        if (response.Content.ToMemory().Span.IndexOf("TableNotFound"u8) >= 0)
            throw new RequestFailedException(response);
    }

    /// <summary>Adds the keys to the properties of a query. A query returns them only by name, and the end of a range needs them.</summary>
    static IEnumerable<string>? Keyed(IEnumerable<string>? select) =>
        select?.Concat([nameof(ITableEntity.PartitionKey), nameof(ITableEntity.RowKey)]).Distinct(StringComparer.Ordinal);

    /// <summary>The range as a filter. It leaves out an upper bound that is longer than <see cref="MaxSentBound"/>.</summary>
    static string FilterOf(TableRange range)
    {
        if (range is { From: not null, After: not null })
            throw new ArgumentException("A range has either From or After.", nameof(range));
        RequireWellFormed(range.PartitionKey, range.From ?? "", range.After ?? "", range.Before ?? "");
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {range.PartitionKey}");
        if (range.From is { } from)
            filter += TableClient.CreateQueryFilter($" and RowKey ge {from}");
        if (range.After is { } after)
            filter += TableClient.CreateQueryFilter($" and RowKey gt {after}");
        return range.Before is { Length: <= MaxSentBound } before
            ? filter + TableClient.CreateQueryFilter($" and RowKey lt {before}")
            : filter;
    }

    static void RequireWellFormed(ITableEntity row) => RequireWellFormed(row.PartitionKey, row.RowKey);

    /// <summary>Refuses half of a surrogate pair, which would become another character, and another row, on its way.</summary>
    /// <exception cref="ArgumentException">A key holds such a half.</exception>
    static void RequireWellFormed(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
            StrictUtf8.GetByteCount(key);
    }

    /// <summary>How many of the rows are before the range's end.</summary>
    /// <exception cref="InvalidOperationException">They do not ascend, so the end is unknown.</exception>
    static int EndOf<T>(IReadOnlyList<T> rows, TableRange range) where T : ITableEntity
    {
        var previous = range.From ?? range.After;
        for (var i = 0; i < rows.Count; i++)
        {
            var key = rows[i].RowKey;
            if (previous is not null && string.CompareOrdinal(key, previous) < 0)
            {
                throw new InvalidOperationException(
                    $"Partition \"{range.PartitionKey}\" is not read in ordinal order: \"{key}\" came after \"{previous}\".");
            }

            if (range.Before is not null && string.CompareOrdinal(key, range.Before) >= 0)
                return i;
            previous = key;
        }

        return rows.Count;
    }
}

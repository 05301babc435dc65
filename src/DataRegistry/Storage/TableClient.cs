using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Storage;

public enum TableUpdateMode
{
    /// <summary>Properties that are null in the given entity stay as they are.</summary>
    Merge,

    /// <summary>The row becomes the given entity.</summary>
    Replace,
}

/// <summary>Some rows, perhaps none, and the token to ask for the next ones; null when there are none.</summary>
public sealed record TablePage<T>(IReadOnlyList<T> Values, string? ContinuationToken);

/// <summary>
/// One table. Every write is conditional, but for the upsert. Expected refusals are outcomes; anything else that is still so after the
/// retries is a <see cref="RequestFailedException"/> with the service's error code, a missing table (TableNotFound) included.
/// </summary>
public sealed class TableClient
{
    /// <summary>Actions in a transaction, by the service's limits for entity group transactions.</summary>
    public const int MaxTransactionActions = 100;

    /// <summary>Bytes in a transaction's request body, by the same limits.</summary>
    public const int MaxTransactionBytes = 4 * 1024 * 1024;

    const int MaxPageRows = 1000;
    static readonly RequestMethod Merge = new("MERGE");

    const string Json = "application/json;odata=minimalmetadata";

    // The first version that takes Microsoft Entra tokens for tables.
    const string Version = "2020-12-06";

    readonly HttpPipeline pipeline;
    readonly Uri endpoint;
    readonly TableAddress address;
    readonly TableRowFormat format;

    internal TableClient(HttpPipeline pipeline, Uri endpoint, string name, TableRowFormat format)
    {
        this.pipeline = pipeline;
        this.endpoint = endpoint;
        address = new TableAddress(endpoint, name);
        this.format = format;
        Name = name;
    }

    public string Name { get; }

    /// <summary>Creates the table; nothing where it is there already, also when several do so at once.</summary>
    public async Task CreateIfNotExistsAsync(CancellationToken cancellationToken = default)
    {
        using var message = CreateMessage(RequestMethod.Post, $"{endpoint.AbsoluteUri.TrimEnd('/')}/Tables", TableOperations.Create);
        SetBody(message.Request, Encoding.UTF8.GetBytes($$"""{"TableName":"{{Name}}"}"""), "application/json");
        var response = await SendAsync(message, cancellationToken);
        if (response.Status >= 400 && !string.Equals(ErrorOf(response).Code, TableError.TableAlreadyExists, StringComparison.Ordinal))
        {
            throw Unexpected(response);
        }
    }

    /// <summary>Inserts a row: <see cref="TableOutcome.Done"/> or <see cref="TableOutcome.AlreadyExists"/>.</summary>
    public Task<TableWrite> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default) where T : class, ITableEntity =>
        PutAsync(RequestMethod.Post, address.Table, TableOperations.Insert, entity, default, cancellationToken);

    /// <summary>
    /// Changes a row that is there: <see cref="TableOutcome.Done"/>, <see cref="TableOutcome.Changed"/> or <see cref="TableOutcome.Missing"/>.
    /// </summary>
    /// <inheritdoc cref="TableTransactionAction.Update{T}" path="/param|/exception"/>
    public Task<TableWrite> UpdateEntityAsync<T>(T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Replace, CancellationToken cancellationToken = default) where T : class, ITableEntity =>
        PutAsync(
            mode == TableUpdateMode.Merge ? Merge : RequestMethod.Put,
            address.Entity(entity.PartitionKey, entity.RowKey),
            mode == TableUpdateMode.Merge ? TableOperations.Merge : TableOperations.Update,
            entity,
            Required(ifMatch),
            cancellationToken);

    /// <inheritdoc cref="TableTransactionAction.Upsert{T}"/>
    public Task<TableWrite> UpsertEntityAsync<T>(T entity, CancellationToken cancellationToken = default) where T : class, ITableEntity =>
        PutAsync(Merge, address.Entity(entity.PartitionKey, entity.RowKey), TableOperations.Merge, entity, default, cancellationToken);

    /// <summary>
    /// Deletes a row: <see cref="TableOutcome.Done"/>, <see cref="TableOutcome.Changed"/> or <see cref="TableOutcome.Missing"/>.
    /// </summary>
    /// <inheritdoc cref="TableTransactionAction.Update{T}" path="/param|/exception"/>
    public async Task<TableWrite> DeleteEntityAsync(string partitionKey, string rowKey, ETag ifMatch, CancellationToken cancellationToken = default)
    {
        using var message = CreateMessage(RequestMethod.Delete, address.Entity(partitionKey, rowKey), TableOperations.Delete);
        message.Request.Headers.SetValue("If-Match", Required(ifMatch).ToString());
        return OutcomeOf(await SendAsync(message, cancellationToken));
    }

    /// <summary>Reads one row; null where it is absent.</summary>
    /// <param name="select">Properties to read; null for all. The keys and the ETag always come along.</param>
    public async Task<T?> GetEntityIfExistsAsync<T>(string partitionKey, string rowKey, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        using var message = CreateMessage(RequestMethod.Get, address.Entity(partitionKey, rowKey), TableOperations.Get);
        TableAddress.AppendSelect(message.Request.Uri, select);
        var response = await SendAsync(message, cancellationToken);
        if (response.Status < 300)
        {
            return JsonSerializer.Deserialize(response.Content.ToMemory().Span, format.Row<T>());
        }

        return ErrorOf(response).Outcome(response.Status) == TableOutcome.Missing ? null : throw Unexpected(response);
    }

    /// <summary>
    /// Reads one page of a range. A page may be empty and yet have a continuation. Rows that are written while a range is
    /// read may or may not be seen; those that were there all the time are seen once.
    /// </summary>
    /// <param name="continuationToken">From the page before, of the same range; null for the first.</param>
    /// <param name="maxPerPage">At most so many rows, 1 to 1000; null for as many as the service gives (1000).</param>
    /// <inheritdoc cref="GetEntityIfExistsAsync{T}" path="/param[@name='select']"/>
    /// <exception cref="InvalidOperationException">The service's order is not ordinal, on which the end of the range rests.</exception>
    public async Task<TablePage<T>> QueryPageAsync<T>(TableRange range, string? continuationToken = null, int? maxPerPage = null, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        List<T> rows = [];
        using var message = CreateMessage(RequestMethod.Get, address.Table + "()", TableOperations.Query, async (body, token) =>
            rows = (await JsonSerializer.DeserializeAsync(body, format.Page<T>(), token))!.Value);
        var uri = message.Request.Uri;
        uri.AppendQuery("$filter", TableAddress.Filter(range), escapeValue: false);
        TableAddress.AppendSelect(uri, select);
        if (maxPerPage is { } top)
        {
            uri.AppendQuery("$top", Math.Clamp(top, 1, MaxPageRows).ToString(CultureInfo.InvariantCulture));
        }

        TableContinuation.Append(uri, continuationToken);
        var response = await SendAsync(message, cancellationToken);
        if (response.Status >= 300)
        {
            throw Unexpected(response);
        }

        return TableContinuation.EndOf(rows, range) is var end && end < rows.Count
            ? new TablePage<T>(rows.GetRange(0, end), ContinuationToken: null)
            : new TablePage<T>(rows, TableContinuation.Read(response));
    }

    /// <summary>Reads a range, page after page, as it is enumerated.</summary>
    /// <inheritdoc cref="QueryPageAsync{T}" path="/param|/exception"/>
    public async IAsyncEnumerable<T> QueryAsync<T>(TableRange range, int? maxPerPage = null, IEnumerable<string>? select = null, [EnumeratorCancellation] CancellationToken cancellationToken = default) where T : class, ITableEntity
    {
        string? token = null;
        do
        {
            var page = await QueryPageAsync<T>(range, token, maxPerPage, select, cancellationToken);
            foreach (var row in page.Values)
            {
                yield return row;
            }

            token = page.ContinuationToken;
        }
        while (token is not null);
    }

    /// <summary>An empty transaction of this table, to be filled up to its limits.</summary>
    public TableTransaction CreateTransaction() => new(this, address, format);

    /// <inheritdoc cref="SubmitTransactionAsync(TableTransaction, CancellationToken)"/>
    /// <exception cref="ArgumentException">It is empty or over a limit, or has several partitions or a row twice.</exception>
    public async Task<TableTransactionResult> SubmitTransactionAsync(IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken = default)
    {
        // A transaction of one is a plain request: the same conditions and outcomes for less work on both sides.
        if (actions is [var only])
        {
            var write = await only.SubmitAloneAsync(this, cancellationToken);
            return write.IsDone ? new TableTransactionResult(TableOutcome.Done, -1, [write.ETag]) : new TableTransactionResult(write.Outcome, 0, []);
        }

        // Disposed only after an answer: a request that was given up may still be reading the memory.
        var transaction = CreateTransaction();
        foreach (var action in actions)
        {
            if (!transaction.TryAdd(action))
            {
                throw new ArgumentException(
                    $"A transaction takes at most {MaxTransactionActions} actions and {MaxTransactionBytes} bytes; action {transaction.Count} of {actions.Count} is too much.", nameof(actions));
            }
        }

        var result = await SubmitTransactionAsync(transaction, cancellationToken);
        transaction.Dispose();
        return result;
    }

    /// <summary>
    /// Does all of it, or none of it and names the first action that was refused. When an answer was lost the retry finds
    /// the first try's rows: an insert is then refused at index 0 although it is ours; compare the row.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty, or of another table.</exception>
    public async Task<TableTransactionResult> SubmitTransactionAsync(TableTransaction transaction, CancellationToken cancellationToken = default)
    {
        if (transaction.Count == 0 || !ReferenceEquals(transaction.Table.pipeline, pipeline) || !string.Equals(transaction.Table.Name, Name, StringComparison.Ordinal))
        {
            throw new ArgumentException(transaction.Count == 0 ? "The transaction is empty." : "The transaction is of another table.", nameof(transaction));
        }

        TransactionAnswer? answer = null;
        using var message = CreateMessage(RequestMethod.Post, $"{endpoint.AbsoluteUri.TrimEnd('/')}/$batch", TableOperations.Transaction, async (body, token) =>
            answer = await TransactionAnswer.ReadAsync(body, token));
        SetBody(message.Request, transaction.Complete(), TableTransaction.ContentType);
        var response = await SendAsync(message, cancellationToken);
        if (response.Status != 202 || answer is null)
        {
            throw Unexpected(response);
        }

        if (answer.FailedStatus == 0 && answer.ETags.Count == transaction.Count)
        {
            return new TableTransactionResult(TableOutcome.Done, -1, answer.ETags);
        }

        var index = answer.FailedIndex < 0 && transaction.Count == 1 ? 0 : answer.FailedIndex;
        return answer.Error.Outcome(answer.FailedStatus) is { } outcome && index >= 0 && index < transaction.Count
            ? new TableTransactionResult(outcome, index, [])
            : throw answer.ToException();
    }

    internal static ETag Required(ETag ifMatch) => ifMatch == default
        ? throw new ArgumentException("A change needs the ETag of the row that was read, or ETag.All.", nameof(ifMatch))
        : ifMatch;

    async Task<TableWrite> PutAsync<T>(RequestMethod method, string address, string operation, T entity, ETag ifMatch, CancellationToken cancellationToken) where T : class, ITableEntity
    {
        TableAddress.WellFormed(entity.PartitionKey);
        TableAddress.WellFormed(entity.RowKey);
        using var message = CreateMessage(method, address, operation);
        if (ifMatch != default)
        {
            message.Request.Headers.SetValue("If-Match", ifMatch.ToString());
        }

        // Not pooled: it is small, and a request that was given up may still be reading it.
        SetBody(message.Request, JsonSerializer.SerializeToUtf8Bytes(entity, format.Row<T>()), "application/json");
        return OutcomeOf(await SendAsync(message, cancellationToken));
    }

    HttpMessage CreateMessage(RequestMethod method, string address, string operation, Func<Stream, CancellationToken, ValueTask>? read = null)
    {
        var message = pipeline.CreateMessage();
        message.SetProperty(typeof(TableCall), new TableCall(operation, Name, read));
        message.BufferResponse = read is null;
        message.Request.Method = method;
        message.Request.Uri.Reset(new Uri(address));
        message.Request.Headers.SetValue("Accept", Json);
        message.Request.Headers.SetValue("x-ms-version", Version);
        message.Request.Headers.SetValue("DataServiceVersion", "3.0");
        return message;
    }

    static void SetBody(Request request, ReadOnlyMemory<byte> body, string contentType)
    {
        request.Content = RequestContent.Create(body);
        request.Headers.SetValue("Content-Type", contentType);
        request.Headers.SetValue("Prefer", "return-no-content");
    }

    async ValueTask<Response> SendAsync(HttpMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await pipeline.SendAsync(message, cancellationToken);
        }
        catch (AggregateException retries) when (retries.InnerExceptions is [.., var last])
        {
            throw last is RequestFailedException failed
                ? new RequestFailedException(failed.Status, failed.Message, failed.ErrorCode, retries)
                : new RequestFailedException(retries.Message, retries);
        }

        return message.Response.IsError ? throw Unexpected(message.Response) : message.Response;
    }

    static TableWrite OutcomeOf(Response response)
    {
        if (response.Status < 300)
        {
            return new TableWrite(TableOutcome.Done, response.Headers.TryGetValue("ETag", out var etag) ? new ETag(etag) : default);
        }

        return new TableWrite(ErrorOf(response).Outcome(response.Status) ?? throw Unexpected(response), default);
    }

    static TableError ErrorOf(Response response) => TableError.Parse(response.Content.ToMemory().Span);

    static RequestFailedException Unexpected(Response response) => new(response, innerException: null, TableErrorParser.Instance);
}

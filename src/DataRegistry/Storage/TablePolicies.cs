using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Storage;

/// <summary>The purpose of a request to a table: names for spans, counts and limits.</summary>
readonly record struct TableCall(string Operation, string Table)
{
    const string Batch = "/$batch";

    public bool IsTransaction => Operation == "transaction";

    /// <summary>
    /// Reads the table off the request. Only the address of a transaction does not name it (see <see cref="RequestPolicy.NameTable"/>).
    /// </summary>
    public static TableCall Of(HttpMessage message)
    {
        var path = message.Request.Uri.Path.AsSpan();
        if (path.EndsWith(Batch, StringComparison.Ordinal))
            return new("transaction", message.TryGetProperty(RequestPolicy.TableProperty, out var name) ? (string)name! : "");
        path = path[(path.LastIndexOf('/') + 1)..];
        var keys = path.IndexOf('(');
        var table = (keys < 0 ? path : path[..keys]).ToString();
        var method = message.Request.Method;
        if (method == RequestMethod.Get)
            return new(path.EndsWith("()", StringComparison.Ordinal) ? "query" : "get", table);
        return method.Method switch
        {
            "POST" when table == "Tables" => new("create", table),
            "POST" => new("insert", table),
            "PUT" => new("update", table),
            "DELETE" => new("delete", table),
            _ => new("merge", table),
        };
    }
}

/// <summary>
/// The policy stands below the retry policy, so it sees each try.
/// It counts every request, because requests are the bill.
/// It limits concurrent transactions of all jobs to what the account takes. The pause before a retry holds no place. Single requests pass
/// the limit, because people wait for them.
/// It reads the whole answer to a transaction. An answer that breaks off, or holds a transient failure (a 503 within a 202), is retried.
/// </summary>
sealed class RequestPolicy(AdaptiveConcurrency concurrency) : HttpPipelinePolicy
{
    public const string TableProperty = "dataregistry.table";

    static readonly Meter Meter = new("DataRegistry.Storage");
    static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "dataregistry.table.requests", "{request}", "Requests sent to Table Storage, retries included.");

    /// <summary>Transactions within the scope are of this table; their address does not say so.</summary>
    public static IDisposable NameTable(string table, BulkInsert? bulk = null) => HttpPipeline.CreateHttpMessagePropertiesScope(
        new Dictionary<string, object?>(StringComparer.Ordinal) { [TableProperty] = table, [BulkInsert.Property] = bulk });

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var call = TableCall.Of(message);
        if (!call.IsTransaction)
        {
            await SendAsync(message, pipeline, call);
            return;
        }

        var entered = await concurrency.EnterAsync(message.CancellationToken);
        bool? refused = null;
        try
        {
            var bulk = message.TryGetProperty(BulkInsert.Property, out var inserted) ? (BulkInsert?)inserted : null;
            bulk?.PutInto(message.Request);
            await SendAsync(message, pipeline, call);
            await ReadAsync(message, bulk);
            refused = IsBusy(message.Response);
        }
        finally
        {
            concurrency.Exit(entered, refused);
        }
    }

    /// <summary>The clients send nothing synchronously.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

    /// <summary>Whether a status is transient by the retry rules of Azure.Core.</summary>
    public static bool IsTransient(int status) => status is 408 or 429 or 500 or 502 or 503 or 504;

    static async ValueTask SendAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline, TableCall call)
    {
        // 0 stands for a request without an answer.
        var status = 0;
        try
        {
            await ProcessNextAsync(message, pipeline);
            status = message.Response.Status;
        }
        finally
        {
            if (Requests.Enabled)
                Requests.Add(1, new TagList { { "operation", call.Operation }, { "table", call.Table }, { "status", status } });
        }
    }

    static async ValueTask ReadAsync(HttpMessage message, BulkInsert? bulk)
    {
        var response = message.Response;
        if (response.ContentStream is not { } stream)
            return;
        var body = new MemoryStream();
        await stream.CopyToAsync(body, message.CancellationToken);
        await stream.DisposeAsync();
        body.Position = 0;
        response.ContentStream = body;
        if (response.Status != 202)
            return;
        var text = body.GetBuffer().AsMemory(0, (int)body.Length);
        var answer = TransactionAnswer.Parse(text.Span);
        var lastLine = text.Span.TrimEnd("\r\n"u8);
        lastLine = lastLine[(lastLine.LastIndexOf((byte)'\n') + 1)..];
        if (answer.FailedStatus == 0 && !(lastLine.StartsWith("--batch"u8) && lastLine.EndsWith("--"u8)))
            throw new IOException("The answer to a transaction broke off.");
        if (IsTransient(answer.FailedStatus))
            message.Response = new StandInResponse(response, answer.FailedStatus, body);
        else if (bulk is not null)
            message.Response = bulk.Answered(response, answer);
    }

    /// <summary>
    /// 503 ServerBusy and 500 OperationTimedOut are the answers of an overloaded partition or account (Azure's published error
    /// codes); 429 is a front end's.
    /// </summary>
    static bool IsBusy(Response response) => response.Status is 503 or 429
        || (response.Status == 500 && response.Content.ToMemory().Span is var error
            && (error.IndexOf("OperationTimedOut"u8) >= 0 || error.IndexOf("ServerBusy"u8) >= 0));
}

/// <summary>The answer to a transaction: one part for each action if all succeeded, or a single failed part.</summary>
/// <param name="ETags">One for each part that succeeded, in order; default for deletes.</param>
/// <param name="FailedStatus">Status of the failed part; 0 if none failed.</param>
/// <param name="FailedIndex">Index of the action that failed; 0 also where the service names none.</param>
/// <param name="ErrorCode">The service's code; null if no part failed.</param>
readonly record struct TransactionAnswer(List<ETag> ETags, int FailedStatus, int FailedIndex, string? ErrorCode)
{
    public static TransactionAnswer Parse(ReadOnlySpan<byte> body)
    {
        var etags = new List<ETag>(Tables.MaxTransactionActions);
        foreach (var range in body.Split((byte)'\n'))
        {
            var line = body[range];
            if (line.StartsWith("HTTP/1."u8))
            {
                // A missing or malformed status counts as a failure.
                var status = line.Length >= 12 && TryReadNumber(line[9..12], out var read) ? read : 500;
                if (status is < 200 or >= 300)
                    return new(
                        [], status, TryReadNumber(TextAfter("\"value\":\""u8, ':', body), out var index) ? index : 0,
                        Encoding.UTF8.GetString(TextAfter("\"code\":\""u8, '"', body)));
                etags.Add(default);
            }
            else if (etags.Count > 0 && line.Length > 5 && Ascii.EqualsIgnoreCase(line[..5], "ETag:"u8))
            {
                etags[^1] = new(Encoding.UTF8.GetString(line[5..]).Trim());
            }
        }

        return new(etags, 0, -1, null);
    }

    static bool TryReadNumber(ReadOnlySpan<byte> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>The text between a beginning and the next end; empty if there is none.</summary>
    static ReadOnlySpan<byte> TextAfter(ReadOnlySpan<byte> beginning, char end, ReadOnlySpan<byte> body)
    {
        var start = body.IndexOf(beginning);
        var rest = start < 0 ? [] : body[(start + beginning.Length)..];
        return rest[..Math.Max(0, rest.IndexOf((byte)end))];
    }
}

/// <summary>A response with another status, body and header than the real one, for the package to act on.</summary>
sealed class StandInResponse(Response response, int status, Stream body, HttpHeader? header = null) : Response
{
    public override int Status => status;

    public override bool IsError => status >= 400;

    public override string ReasonPhrase => response.ReasonPhrase;

    public override Stream? ContentStream { get; set; } = body;

    public override string ClientRequestId { get; set; } = response.ClientRequestId;

    public override void Dispose() => response.Dispose();

    protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => response.Headers;

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
    {
        value = name.Equals(header?.Name, StringComparison.OrdinalIgnoreCase) ? header.Value.Value : null;
        return value is not null || response.Headers.TryGetValue(name, out value);
    }

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values) =>
        (values = TryGetHeader(name, out var value) ? [value] : null) is not null;
}

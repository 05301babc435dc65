using System.Diagnostics;
using System.Diagnostics.Metrics;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Storage;

/// <summary>What a request is for; travels with the message to the policies.</summary>
/// <param name="Read">Reads the body of an answer that is no error as it comes; null to have it in memory. May be called again, when the request is tried again.</param>
sealed record TableCall(string Operation, string Table, Func<Stream, CancellationToken, ValueTask>? Read = null)
{
    public static TableCall? Of(HttpMessage message) => message.TryGetProperty(typeof(TableCall), out var call) ? (TableCall?)call : null;
}

/// <summary>404, 409 and 412 are answers, neither raised nor tried again. What passes by itself is tried again.</summary>
sealed class TableResponseClassifier : ResponseClassifier
{
    public static TableResponseClassifier Instance { get; } = new();

    public static bool IsExpected(int status) => status is 404 or 409 or 412;

    public static bool IsTransient(int status) => status is 408 or 429 or 500 or 502 or 503 or 504;

    public override bool IsErrorResponse(HttpMessage message) => message.Response.Status >= 400 && !IsExpected(message.Response.Status);

    public override bool IsRetriableResponse(HttpMessage message) => IsTransient(message.Response.Status);

    public override bool IsRetriableException(Exception exception) =>
        base.IsRetriableException(exception) || (exception is RequestFailedException failed && IsTransient(failed.Status));
}

/// <summary>
/// Reads large answers as they come, below the retry policy: so they take no memory of their size, and what breaks off within one, or is a transient failure
/// inside of it (a 503 within a transaction's 202), is tried again like any other.
/// </summary>
sealed class AnswerPolicy : HttpPipelinePolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        if (TableCall.Of(message)?.Read is not { } read || message.Response.ContentStream is not { } body)
            return;
        if (message.Response.Status < 300)
        {
            await read(body, message.CancellationToken);
            return;
        }

        var error = new MemoryStream();
        await body.CopyToAsync(error, message.CancellationToken);
        await body.DisposeAsync();
        error.Position = 0;
        message.Response.ContentStream = error;
    }

    /// <summary>Answers that are read so are never asked for this way.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);
}

/// <summary>
/// Keeps transactions to as many at a time as the account takes: all of this process, whichever job or window they are of. Below the retries, whose
/// pauses (with jitter) are no one's place. Single requests, for which people wait, go past it.
/// </summary>
sealed class TransactionConcurrencyPolicy(AdaptiveConcurrency concurrency) : HttpPipelinePolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (TableCall.Of(message)?.Operation != TableOperations.Transaction)
        {
            await ProcessNextAsync(message, pipeline);
            return;
        }

        var entered = await concurrency.EnterAsync(message.CancellationToken);
        bool? refused = null;
        try
        {
            await ProcessNextAsync(message, pipeline);
            refused = message.Response.Status is var status && IsBusy(status, status == 500 ? TableError.Parse(message.Response.Content.ToMemory().Span).Code : null);
        }
        catch (RequestFailedException e) when (IsBusy(e.Status, e.ErrorCode))
        {
            refused = true;
            throw;
        }
        finally
        {
            concurrency.Exit(entered, refused);
        }
    }

    /// <summary>Transactions are never sent this way.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

    /// <summary>503 ServerBusy and 500 OperationTimedOut are what a partition or account says that is asked too much (Azure's published error codes); 429 a front end.</summary>
    static bool IsBusy(int status, string? code) => status is 503 or 429 || (status == 500 && code is ("OperationTimedOut" or "ServerBusy"));
}

/// <summary>Counts every request that is sent, retries too: requests are the bill. Status 0 is one that got no answer.</summary>
sealed class RequestCountPolicy : HttpPipelinePolicy
{
    static readonly Meter Meter = new("DataRegistry.Storage");
    static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "dataregistry.table.requests", "{request}", "Requests sent to Table Storage, retries included.");

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var status = 0;
        try
        {
            await ProcessNextAsync(message, pipeline);
            status = message.Response.Status;
        }
        finally
        {
            Count(message, status);
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var status = 0;
        try
        {
            ProcessNext(message, pipeline);
            status = message.Response.Status;
        }
        finally
        {
            Count(message, status);
        }
    }

    static void Count(HttpMessage message, int status)
    {
        if (Requests.Enabled && TableCall.Of(message) is { } call)
        {
            Requests.Add(1, new TagList { { "operation", call.Operation }, { "table", call.Table }, { "status", status } });
        }
    }
}

static class TableOperations
{
    public const string Create = "create";
    public const string Insert = "insert";
    public const string Update = "update";
    public const string Merge = "merge";
    public const string Delete = "delete";
    public const string Get = "get";
    public const string Query = "query";
    public const string Transaction = "transaction";
}

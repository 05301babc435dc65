using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;
using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Storage;

/// <summary>Retries, transport and policies of the table client. Five retries, from 0.2 s to 10 s apart; a try takes at most 30 s.</summary>
public sealed class TableClientOptions : ClientOptions
{
    public TableClientOptions()
    {
        Retry.Mode = RetryMode.Exponential;
        Retry.MaxRetries = 5;
        Retry.Delay = TimeSpan.FromMilliseconds(200);
        Retry.MaxDelay = TimeSpan.FromSeconds(10);
        Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
    }

    /// <summary>Transactions of this client under way at a time, at most; fewer where the service says that it is too much.</summary>
    public int MaxTransactionsInFlight { get; set; } = 64;
}

/// <summary>
/// The tables of one storage account, over its REST interface. Names follow Azure.Data.Tables, which not every package
/// feed carries; expected refusals are outcomes here (see <see cref="TableOutcome"/>), not exceptions.
/// </summary>
public sealed class TableServiceClient
{
    const string Scope = "https://storage.azure.com/.default";

    readonly HttpPipeline pipeline;
    readonly ConcurrentDictionary<IJsonTypeInfoResolver, TableRowFormat> formats = new();

    /// <param name="endpoint">The account's table endpoint, e.g. <c>https://account.table.core.windows.net</c>.</param>
    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential, TableClientOptions? options = null)
        : this(endpoint, new SharedKeyLitePolicy(credential), options)
    {
    }

    /// <param name="endpoint">The account's table endpoint; https, since a token is sent to it.</param>
    public TableServiceClient(Uri endpoint, TokenCredential credential, TableClientOptions? options = null)
        : this(endpoint, new BearerTokenAuthenticationPolicy(credential, Scope), options)
    {
    }

    TableServiceClient(Uri endpoint, HttpPipelinePolicy authentication, TableClientOptions? options)
    {
        Uri = endpoint;
        pipeline = HttpPipelineBuilder.Build(
            options ??= new TableClientOptions(),
            [],
            [new TransactionConcurrencyPolicy(new AdaptiveConcurrency(options.MaxTransactionsInFlight)), authentication, new RequestSpanPolicy("table"), new AnswerPolicy(), new RequestCountPolicy()],
            TableResponseClassifier.Instance);
    }

    public Uri Uri { get; }

    /// <param name="tableName">3 to 63 ASCII letters and digits, starting with a letter.</param>
    /// <param name="rows">The source-generated context of the table's rows; one instance is best shared by all callers.</param>
    /// <exception cref="ArgumentException">The name is none.</exception>
    public TableClient GetTableClient(string tableName, IJsonTypeInfoResolver rows)
    {
        var valid = tableName.Length is >= 3 and <= 63 && char.IsAsciiLetter(tableName[0]) && tableName.All(char.IsAsciiLetterOrDigit);
        if (!valid)
        {
            throw new ArgumentException($"\"{tableName}\" is no table name: it takes 3 to 63 letters and digits, starting with a letter.", nameof(tableName));
        }

        return new TableClient(pipeline, Uri, tableName, formats.GetOrAdd(rows, static resolver => new TableRowFormat(resolver)));
    }
}

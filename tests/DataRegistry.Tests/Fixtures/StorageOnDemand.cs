using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Core.Pipeline;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// Answers requests for a new table, queue or container at once, and makes it when the first other request comes for it. Reads of an empty
/// table or queue are answered here, too. A service begins with two dozen of them, of which a test uses a few. One that no service asked
/// for does not exist. All clients of the account in the tests' process must send their requests through this handler.
/// </summary>
sealed partial class StorageOnDemand(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>By kind, account and name. Several services may have the same account.</summary>
    static readonly ConcurrentDictionary<(char Kind, string Account, string Name), Lazy<Task>> Promised = new();

    /// <summary>For a test's own requests.</summary>
    public static HttpClientTransport Transport { get; } = new(new HttpClient(new StorageOnDemand(Connections())));

    public static SocketsHttpHandler Connections() => new() { UseCookies = false, ActivityHeadersPropagator = null };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!;
        if (AzuriteFixture.ListeningOn(url.Port) is not { } azurite)
            return await base.SendAsync(request, cancellationToken);
        var kind = url.Port == azurite.Ports.Table ? 't' : url.Port == azurite.Ports.Queue ? 'q' : 'b';
        var path = url.AbsolutePath.Split('/');
        if (path.Length < 3)
            return await base.SendAsync(request, cancellationToken);
        var (account, name) = (path[1], path[2]);
        var asks = kind switch
        {
            't' => request.Method == HttpMethod.Post && name == "Tables",
            'q' => request.Method == HttpMethod.Put && path.Length == 3 && url.Query.Length == 0,
            _ => request.Method == HttpMethod.Put && path.Length == 3 && url.Query == "?restype=container",
        };
        if (kind == 't' && (asks || name == "$batch"))
            name = await TableOfAsync(request.Content!, account, cancellationToken);
        var key = (kind, account, kind == 't' ? name.Split('(')[0] : name);
        if (asks)
        {
            Promised.TryAdd(key, new(() => MakeAsync(azurite.ConnectionStringOf(account), kind, name)));
            return new(kind == 't' ? HttpStatusCode.NoContent : HttpStatusCode.Created)
            {
                RequestMessage = request,
                Headers = { ETag = new EntityTagHeaderValue("\"0\"") },
                Content = new ByteArrayContent([]) { Headers = { LastModified = DateTimeOffset.UnixEpoch } },
            };
        }

        if (Promised.TryGetValue(key, out var made))
        {
            if (!made.IsValueCreated && AnswerOfEmpty(kind, request.Method.Method, path) is { } answer)
            {
                answer.RequestMessage = request;
                return answer;
            }

            await made.Value;
        }

        return await base.SendAsync(request, cancellationToken);
    }

    /// <summary>The answer to a request that reads or clears an empty table or queue; null for other requests.</summary>
    static HttpResponseMessage? AnswerOfEmpty(char kind, string method, string[] path) => (kind, method, path) switch
    {
        ('q', "GET", [_, _, _, "messages"]) => Answer(HttpStatusCode.OK, "<QueueMessagesList />", "application/xml"),
        ('q', "DELETE", [_, _, _, "messages"]) => new(HttpStatusCode.NoContent),
        ('t', "GET", [_, _, var table]) when table.EndsWith("()", StringComparison.Ordinal) =>
            Answer(HttpStatusCode.OK, """{"value":[]}""", "application/json"),
        ('t', "GET", [_, _, var row]) when row.EndsWith(')') => Answer(
            HttpStatusCode.NotFound, """{"odata.error":{"code":"ResourceNotFound","message":{"value":"Nothing is there."}}}""",
            "application/json"),
        _ => null,
    };

    static HttpResponseMessage Answer(HttpStatusCode status, string body, string type) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, type) };

    static Task MakeAsync(string connection, char kind, string name)
    {
        var storage = StorageAccount.FromConnectionString(connection);
        return kind switch
        {
            't' => storage.Tables.GetTableClient(name).CreateIfNotExistsAsync(),
            'q' => storage.Queues.GetQueueClient(name).CreateIfNotExistsAsync(),
            _ => storage.Blobs.GetBlobContainerClient(name).CreateIfNotExistsAsync(),
        };
    }

    /// <summary>The table that is asked for, or that the first part of a transaction is about.</summary>
    static async Task<string> TableOfAsync(HttpContent content, string account, CancellationToken cancellationToken)
    {
        var text = await content.ReadAsStringAsync(cancellationToken);
        return text.StartsWith('{')
            ? JsonDocument.Parse(text).RootElement.GetProperty("TableName").GetString()!
            : Address().Match(text) is { Success: true } address && address.Groups["account"].Value == account
                ? address.Groups["table"].Value : "";
    }

    [GeneratedRegex(@"https?://[^/\s]+/(?<account>\w+)/(?<table>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}

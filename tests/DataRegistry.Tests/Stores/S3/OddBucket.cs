using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Servers that answer differently from Amazon, as reported of gateways and other products.</summary>
public abstract class OddBucket : IAsyncLifetime
{
    internal Buckets Buckets { get; } = new(new() { MaxRetries = 1, MaxBackoff = TimeSpan.FromMilliseconds(1) });

    internal BucketServer Server { get; private set; } = null!;

    internal Bucket Bucket { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await BucketServer.StartAsync();
        Server.CreateBucket("demo");
        Bucket = Buckets.Open(Store());
    }

    public async Task DisposeAsync()
    {
        Buckets.Dispose();
        await Server.DisposeAsync();
    }

    protected Store Store(string? url = null) =>
        new() { Id = Guid.NewGuid(), Name = "demo", Configuration = new("demo", null, url ?? Server.Url, "key", "secret", null) };

    private protected Task<ObjectPager> OpenAsync() => ObjectPager.OpenAnyAsync(Bucket, "", default);

    protected async Task<List<string>> AllAsync()
    {
        var pager = await OpenAsync();
        var keys = new List<string>();
        for (string? after = null; ;)
        {
            var page = await pager.ReadAsync(after, default);
            keys.AddRange(page.Objects.Select(o => o.Key));
            if ((after = page.LastKey) is null)
                return keys;
        }
    }

    protected static string Page(IReadOnlyList<string> keys, string? token) =>
        $"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType><IsTruncated>{(token is null
            ? "false"
            : "true")}</IsTruncated>{(token is null ? "" : $"<NextContinuationToken>{token}</NextContinuationToken>")}"
        + string.Concat(
            keys.Select(
                k =>
                    $"<Contents><Key>{k}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
                    + "<Size>1</Size></Contents>")) + "</ListBucketResult>";

    /// <summary>Sets the answers to LISTs; <c>400</c> is a refusal.</summary>
    protected void Lists(Func<(string? Token, string? StartAfter), string> answer) => Server.Intercept = async (http, kind) =>
    {
        if (kind != "list")
            return false;
        var query = http.Request.Query;
        var page = answer((query["continuation-token"].FirstOrDefault(), query["start-after"].FirstOrDefault()));
        if (page == "400")
            (http.Response.StatusCode, page) = (400, "<Error><Code>InvalidArgument</Code><Message>no</Message></Error>");
        await http.Response.WriteAsync(page);
        return true;
    };

    protected void Heads(Action<HttpContext> answer) => Server.Intercept = (http, kind) =>
    {
        if (kind != "head")
            return Task.FromResult(false);
        answer(http);
        return Task.FromResult(true);
    };
}

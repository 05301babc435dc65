using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Benchmarks;

/// <summary>Requests to a storage account; counts the bytes of the answers' bodies.</summary>
sealed class CountingTransport : HttpPipelineTransport, IDisposable
{
    readonly HttpClientTransport inner = new(new HttpClient(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    });

    long received;

    public long Received => Interlocked.Read(ref received);

    public void Dispose() => inner.Dispose();

    public override Request CreateRequest() => inner.CreateRequest();

    public override void Process(HttpMessage message)
    {
        inner.Process(message);
        Count(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        await inner.ProcessAsync(message);
        Count(message);
    }

    void Count(HttpMessage message)
    {
        if (message.Request.Method != RequestMethod.Head)
            Interlocked.Add(ref received, message.Response.Headers.ContentLength ?? 0);
    }
}

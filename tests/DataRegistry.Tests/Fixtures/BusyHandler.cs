using System.Net;

namespace DataRegistry.Tests.Fixtures;

/// <summary>Refuses table transactions beyond a number in progress, like a throttled account.</summary>
public sealed class BusyHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    int underWay;
    int refused;

    /// <summary>The most transactions in progress; null for no limit.</summary>
    public int? Capacity { get; set; }

    public int Status { get; init; } = 503;

    public string Code { get; init; } = "ServerBusy";

    public int Refused => refused;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.RequestUri!.AbsolutePath.EndsWith("$batch", StringComparison.Ordinal))
            return await base.SendAsync(request, cancellationToken);
        try
        {
            if (Interlocked.Increment(ref underWay) <= (Capacity ?? int.MaxValue))
                return await base.SendAsync(request, cancellationToken);
            Interlocked.Increment(ref refused);
            return new((HttpStatusCode)Status)
            {
                Content = new StringContent(
                    "{\"odata.error\":{\"code\":\"" + Code + "\",\"message\":{\"lang\":\"en-US\",\"value\":\"Later.\"}}}"),
            };
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }
}

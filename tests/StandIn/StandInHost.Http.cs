using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DataRegistry.StandIn;

/// <content>HTTP requests, which it proxies to the worker.</content>
public sealed partial class StandInHost
{
    /// <summary>The Functions host's own limit for a body.</summary>
    const long DefaultBodyLimit = 104_857_600;

    readonly HttpMessageInvoker proxy = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
    });

    async Task ProxyAsync(HttpContext context)
    {
        // Like in the host, requests wait while a worker starts, even again after a death.
        await ready.Task.WaitAsync(StartTimeout, context.RequestAborted);
        var path = context.Request.Path.Value ?? "";
        var found = functions.FirstOrDefault(f => f.Route is { } route && Covers(route.Split("/{")[0], path));
        if (found.Id is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var limit = settings.TryGetValue("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", out var raised)
            ? long.Parse(raised, CultureInfo.InvariantCulture)
            : DefaultBodyLimit;
        if (context.Request.ContentLength > limit)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        await ConnectableAsync(context.RequestAborted);
        var id = Guid.NewGuid().ToString();
        using var request = Forwarded(context, id);
        var answer = proxy.SendAsync(request, context.RequestAborted);
        var done = Await(id);
        await send(
            Request(
                id, found.Id, found.Binding,
                new() { Http = new() { Method = context.Request.Method, Url = request.RequestUri!.ToString() } }));
        await using var hungUp = context.RequestAborted.Register(() => _ = CancelAsync(id));
        try
        {
            using var response = await answer;
            context.Response.StatusCode = (int)response.StatusCode;
            foreach (var (name, values) in response.Headers.Concat(
                response.Content.Headers).Where(h => !h.Key.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)))
                context.Response.Headers[name] = values.ToArray();
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            await done;
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException && context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone.
        }
        catch (Exception e)
        {
            Keep($"The stand-in host failed: {e}");
            throw;
        }
    }

    /// <summary>
    /// Retries while the worker refuses connections, because it announces its address before it listens there.
    /// </summary>
    async Task ConnectableAsync(CancellationToken cancellationToken)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(2, cancellationToken))
        {
            try
            {
                // A worker that was started meanwhile has another address.
                var address = new Uri(workerUrl);
                using var tcp = new TcpClient();
                await tcp.ConnectAsync(address.Host, address.Port, cancellationToken);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(began) < StartTimeout)
            {
                // Not yet.
            }
        }
    }

    static bool Covers(string prefix, string path) =>
        path.Equals('/' + prefix, StringComparison.OrdinalIgnoreCase) || path.StartsWith($"/{prefix}/", StringComparison.OrdinalIgnoreCase);

    /// <summary>The request for the worker, with the invocation's id. The caller's own header of that name stays.</summary>
    HttpRequestMessage Forwarded(HttpContext context, string id)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), workerUrl + target);
        if (context.Request.ContentLength is > 0 || context.Request.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(context.Request.Body);
        foreach (var (name, values) in context.Request.Headers.Where(h => h.Key is not ("Transfer-Encoding" or "Connection")))
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        if (!request.Headers.Contains("x-ms-invocation-id"))
            request.Headers.Add("x-ms-invocation-id", id);
        return request;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using DataRegistry.StandIn.Protocol;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.StandIn;

/// <summary>
/// Imitates the Azure Functions host: it starts a published worker, calls it over gRPC and proxies HTTP requests to it.
/// </summary>
public sealed class StandInHost : IAsyncDisposable
{
    /// <summary>The Functions host's own limit for a body.</summary>
    const long DefaultBodyLimit = 104_857_600;

    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    readonly string folder;
    readonly IReadOnlyDictionary<string, string> settings;
    readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> invocations = new(StringComparer.Ordinal);
    volatile IReadOnlyList<(string Name, string Id, string? Route, string Binding)> functions = [];
    readonly StringBuilder output = new();
    readonly HttpMessageInvoker proxy = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
    });
    readonly WebApplication grpc;
    readonly WebApplication front;
    volatile TaskCompletionSource ready = NewSource();
    Func<StreamingMessage, Task> send = Disconnected;
    Process process = null!;
    volatile string workerUrl = "";
    int handshakes;
    int loading;

    StandInHost(string folder, IReadOnlyDictionary<string, string> settings)
    {
        (this.folder, this.settings) = (folder, settings);
        grpc = Build(
            HttpProtocols.Http2,
            services => services.AddGrpc(o => (o.MaxReceiveMessageSize, o.MaxSendMessageSize) = (null, null)).Services.AddSingleton(this));
        grpc.MapGrpcService<WorkerStream>();
        front = Build(HttpProtocols.Http1, services => services);
        front.Run(ProxyAsync);
    }

    /// <summary>Calls the host from outside.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>When the worker was last started, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public long WorkerStarted { get; private set; }

    /// <summary>The worker's process id.</summary>
    public int WorkerProcess => process.Id;

    /// <summary>Processor time of the worker's process.</summary>
    public TimeSpan WorkerProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Log lines of the worker, with their levels.</summary>
    public ConcurrentQueue<(string Level, string Text)> Logs { get; } = new();

    /// <summary>Everything that the worker wrote or logged.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    /// <param name="settings">App settings, as environment variables.</param>
    public static async Task<StandInHost> StartAsync(string folder, IReadOnlyDictionary<string, string> settings)
    {
        var host = new StandInHost(folder, settings);
        await host.grpc.StartAsync();
        await host.front.StartAsync();
        host.Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(host.front.Urls.Single()),
            Timeout = StartTimeout,
        };
        try
        {
            await host.StartWorkerAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the worker, also again after a death.</summary>
    public async Task StartWorkerAsync()
    {
        // Requests may be waiting already, since the last worker was killed.
        if (ready.Task.IsCompleted)
            ready = NewSource();
        handshakes = 0;
        var url = new Uri(grpc.Urls.Single());
        string worker = Guid.NewGuid().ToString(), request = Guid.NewGuid().ToString();
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            Path.Combine(folder, "DataRegistry.Functions.dll"), "--host", url.Host, "--port",
            url.Port.ToString(CultureInfo.InvariantCulture), "--workerId", worker,
            "--requestId", request, "--grpcMaxMessageLength", "2147483647", "--functions-uri", url.ToString(), "--functions-worker-id",
            worker,
            "--functions-request-id", request, "--functions-grpc-max-message-length", "2147483647",
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        start.Environment["ASPNETCORE_URLS"] = front.Urls.Single();
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        WorkerStarted = Stopwatch.GetTimestamp();
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var first = await Task.WhenAny(ready.Task, process.WaitForExitAsync()).WaitAsync(StartTimeout);
        if (first != ready.Task)
            throw new InvalidOperationException($"The worker ended with exit code {process.ExitCode}.\n{Output}");
    }

    /// <summary>Delivers a message's text to a queue function. Returns the failure's text; null after success.</summary>
    public async Task<string?> InvokeAsync(string function, string text, long dequeueCount = 1, CancellationToken cancel = default)
    {
        var now = DateTimeOffset.UtcNow;
        var content = JsonSerializer.Serialize(new
        {
            MessageId = Guid.NewGuid(),
            PopReceipt = "AgAAAAMAAAAAAAAA",
            MessageText = text,
            DequeueCount = dequeueCount,
            NextVisibleOn = now.AddMinutes(10),
            InsertedOn = now,
            ExpiresOn = now.AddDays(7),
        });
        var data = new TypedData
        {
            ModelBindingData = new()
            {
                Version = "1.0",
                Source = "AzureStorageQueues",
                ContentType = "application/json",
                Content = ByteString.CopyFromUtf8(content),
            },
        };
        return await InvokeAsync(function, data, cancel);
    }

    /// <summary>
    /// Delivers the messages of queues like the host's listener, until all are done. A message that fails, or whose
    /// worker dies, is visible again, and goes to the poison queue after the last try.
    /// </summary>
    /// <param name="functions">Queues and the functions that take their messages.</param>
    /// <param name="maxDequeueCount">Tries, from host.json.</param>
    public async Task PumpAsync(
        QueueServiceClient queues, IReadOnlyDictionary<string, string> functions, int maxDequeueCount, Func<Task<bool>> isDone)
    {
        while (!await isDone())
        {
            foreach (var (name, function) in functions)
            {
                var queue = queues.GetQueueClient(name);
                var messages = (await queue.ReceiveMessagesAsync(8, TimeSpan.FromMinutes(10))).Value;
                await Task.WhenAll(messages.Select(message => DeliverAsync(queue, message, function)));
            }

            await Task.Delay(50);
        }

        async Task DeliverAsync(QueueClient queue, QueueMessage message, string function)
        {
            string? failure;
            try
            {
                failure = await InvokeAsync(function, message.MessageText, message.DequeueCount);
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or Grpc.Core.RpcException or OperationCanceledException)
            {
                failure = e.Message;
            }

            if (failure is not null && message.DequeueCount < maxDequeueCount)
            {
                await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero);
                return;
            }

            if (failure is not null)
            {
                var poison = queues.GetQueueClient(queue.Name + "-poison");
                await poison.CreateIfNotExistsAsync();
                await poison.SendMessageAsync(message.MessageText);
            }

            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }
    }

    /// <summary>Runs a timer function.</summary>
    public Task<string?> TickAsync(string function, CancellationToken cancel = default) => InvokeAsync(
        function, new TypedData { Json = """{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""" }, cancel);

    /// <summary>Kills the worker. Its invocations fail at once, and requests wait for the next one.</summary>
    public async Task KillWorkerAsync()
    {
        ready = NewSource();
        // From now on an invocation fails as it is sent, or is one of those that fail below.
        send = Disconnected;
        process.Kill();
        await process.WaitForExitAsync();
        FailInvocations();
    }

    /// <summary>Asks the worker to end. Returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await send(new()
        {
            WorkerTerminate = new() { GracePeriod = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(5)) },
        });
        await process.WaitForExitAsync().WaitAsync(StartTimeout);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (process is { HasExited: false })
            await KillWorkerAsync();
        process?.Dispose();
        await front.DisposeAsync();
        await grpc.DisposeAsync();
        proxy.Dispose();
    }

    /// <summary>Reads the worker's messages of one stream. The worker opens several if the host allows it.</summary>
    internal async Task ReceiveAsync(StreamingMessage message, Func<StreamingMessage, Task> answer)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.StartStream when Interlocked.Increment(ref handshakes) == 1:
                send = answer;
                var init = new WorkerInitRequest { HostVersion = "4.1037.0", WorkerDirectory = folder, FunctionAppDirectory = folder };
                await answer(new() { RequestId = message.RequestId, WorkerInitRequest = init });
                break;
            case StreamingMessage.ContentOneofCase.WorkerInitResponse:
                workerUrl = message.WorkerInitResponse.Capabilities["HttpUri"].TrimEnd('/');
                await answer(new() { RequestId = message.RequestId, FunctionsMetadataRequest = new() { FunctionAppDirectory = folder } });
                break;
            case StreamingMessage.ContentOneofCase.FunctionMetadataResponse:
                var loads = new List<FunctionLoadRequest>();
                var found = new List<(string Name, string Id, string? Route, string Binding)>();
                foreach (var function in message.FunctionMetadataResponse.FunctionMetadataResults)
                {
                    var trigger = JsonNode.Parse(function.RawBindings[0])!;
                    found.Add((function.Name, function.FunctionId, (string?)trigger["route"], (string)trigger["name"]!));
                    loads.Add(new FunctionLoadRequest { FunctionId = function.FunctionId, Metadata = function });
                }

                functions = found;
                // One by one, because the worker does not announce that it takes a collection.
                loading = loads.Count;
                foreach (var load in loads)
                    await answer(new() { RequestId = message.RequestId, FunctionLoadRequest = load });
                break;
            case StreamingMessage.ContentOneofCase.FunctionLoadResponse:
                if (Interlocked.Decrement(ref loading) == 0)
                    ready.TrySetResult();
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                if (invocations.TryRemove(message.InvocationResponse.InvocationId, out var waiting))
                    waiting.TrySetResult(message.InvocationResponse);
                break;
            case StreamingMessage.ContentOneofCase.RpcLog:
                Logs.Enqueue((message.RpcLog.Level.ToString(), message.RpcLog.Message + message.RpcLog.Exception?.StackTrace));
                Keep($"{message.RpcLog.Level}: {message.RpcLog.Message} {message.RpcLog.Exception?.Message}");
                break;
        }
    }

    /// <summary>A stream has ended. If it is the one of the invocations, those without an answer fail.</summary>
    internal void Ended(Func<StreamingMessage, Task> answer)
    {
        if (Interlocked.CompareExchange(ref send, Disconnected, answer) == answer)
            FailInvocations();
    }

    void FailInvocations()
    {
        foreach (var id in invocations.Keys)
        {
            if (invocations.TryRemove(id, out var waiting))
                waiting.TrySetException(new InvalidOperationException("The worker died."));
        }
    }

    static Task Disconnected(StreamingMessage message) => throw new InvalidOperationException("No worker is connected.");

    static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    static WebApplication Build(HttpProtocols protocols, Func<IServiceCollection, IServiceCollection> add)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.AddServerHeader = false;
        });
        add(builder.Services);
        return builder.Build();
    }

    async Task<string?> InvokeAsync(string function, TypedData data, CancellationToken cancel)
    {
        var found = functions.Single(f => string.Equals(f.Name, function, StringComparison.Ordinal));
        var id = Guid.NewGuid().ToString();
        var done = Await(id);
        await send(Request(id, found.Id, found.Binding, data));
        await using var registration = cancel.Register(() => _ = CancelAsync(id));
        var response = await done;
        return response.Result.Status == StatusResult.Types.Status.Success
            ? null
            : $"{response.Result.Exception?.Type} {response.Result.Exception?.Message}";
    }

    static StreamingMessage Request(string id, string function, string binding, TypedData data)
    {
        var request = new InvocationRequest { InvocationId = id, FunctionId = function, TraceContext = new() };
        request.InputData.Add(new ParameterBinding { Name = binding, Data = data });
        return new() { InvocationRequest = request };
    }

    Task CancelAsync(string id) => send(new() { InvocationCancel = new() { InvocationId = id } });

    Task<InvocationResponse> Await(string id) =>
        (invocations[id] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

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

    void Keep(string? line)
    {
        lock (output)
            output.AppendLine(line);
    }
}

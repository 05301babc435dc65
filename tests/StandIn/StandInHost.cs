using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DataRegistry.StandIn.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.StandIn;

/// <summary>
/// Imitates the Azure Functions host: it starts a published worker and calls its functions over gRPC. Queues and timers are in one part,
/// HTTP requests in another.
/// </summary>
public sealed partial class StandInHost : IAsyncDisposable
{
    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    readonly string folder;
    readonly IReadOnlyDictionary<string, string> settings;
    readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> invocations = new(StringComparer.Ordinal);
    volatile IReadOnlyList<(string Name, string Id, string? Route, string Binding)> functions = [];
    readonly StringBuilder output = new();
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

    void Keep(string? line)
    {
        lock (output)
            output.AppendLine(line);
    }
}

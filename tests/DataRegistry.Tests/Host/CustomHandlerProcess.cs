using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Tests.Host;

/// <summary>The published app, started and called as the Functions host starts and calls a custom handler.</summary>
public sealed class CustomHandlerProcess : IAsyncDisposable
{
    /// <summary>How long the Functions host waits for a custom handler to listen.</summary>
    static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    readonly Process process;
    readonly StringBuilder output = new();

    CustomHandlerProcess(Process process, int port)
    {
        this.process = process;
        Port = port;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromSeconds(90),
        };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    public HttpClient Client { get; }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <param name="settings">More app settings, as environment variables.</param>
    public static async Task<CustomHandlerProcess> StartAsync(string storage, params (string Name, string Value)[] settings)
    {
        int port = FreePort();
        var start = new ProcessStartInfo(await PublishedApp.ExecutableAsync())
        {
            WorkingDirectory = await PublishedApp.FolderAsync(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        start.Environment["AzureWebJobsStorage"] = storage;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;

        // The self-contained app must not need the machine's .NET.
        start.Environment.Remove("DOTNET_ROOT");
        var handler = new CustomHandlerProcess(Process.Start(start)!, port);
        try
        {
            await handler.WaitUntilListeningAsync();
            return handler;
        }
        catch
        {
            await handler.DisposeAsync();
            throw;
        }
    }

    /// <summary>A queue message or a timer tick, as <c>DefaultHttpWorkerService</c> of the Functions host sends it.</summary>
    public async Task<(HttpStatusCode Status, string Body)> InvokeAsync(string function, string envelope)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, '/' + function);
        request.Content = new StringContent(envelope, Encoding.UTF8, "application/json");
        request.Headers.Add("X-Azure-Functions-HostVersion", "4.1036.3.23284");
        request.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        request.Headers.UserAgent.ParseAdd("Azure-Functions-Host/4.1036.3.23284");
        using HttpResponseMessage response = await Client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The envelope of a queue message: the text as JSON, and again within the envelope's JSON.</summary>
    public static string QueueEnvelope(string text, long dequeueCount = 1) => JsonSerializer.Serialize(new
    {
        Data = new { message = JsonSerializer.Serialize(text) },
        Metadata = new
        {
            DequeueCount = dequeueCount.ToString(CultureInfo.InvariantCulture),
            ExpirationTime = DateTimeOffset.UtcNow.AddDays(7),
            Id = JsonSerializer.Serialize(Guid.NewGuid().ToString()),
            InsertionTime = DateTimeOffset.UtcNow,
            NextVisibleTime = DateTimeOffset.UtcNow.AddMinutes(10),
            PopReceipt = JsonSerializer.Serialize("AgAAAAMAAAAAAAAA"),
            sys = new { MethodName = "AdoptRange", UtcNow = DateTimeOffset.UtcNow, RandGuid = Guid.NewGuid() },
        },
    });

    public static string TimerEnvelope() => JsonSerializer.Serialize(new
    {
        Data = new { timer = new { Schedule = new { AdjustForDST = true }, ScheduleStatus = (object?)null, IsPastDue = false } },
        Metadata = new { sys = new { MethodName = "RescanStores", UtcNow = DateTimeOffset.UtcNow, RandGuid = Guid.NewGuid() } },
    });

    /// <summary>A request line exactly as given, which no HTTP client would send.</summary>
    /// <returns>The answer's status.</returns>
    public async Task<int> SendRawAsync(string method, string target, string body)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, Port);
        await using NetworkStream stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\nX-Azure-Functions-InvocationId: {Guid.NewGuid()}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
        using var reader = new StreamReader(stream);
        string status = await reader.ReadLineAsync() ?? "";
        return int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync().WithinDeadlineAsync();
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
        {
            output.AppendLine(line.Data);
        }
    }

    /// <summary>The host pings the root until anything answers.</summary>
    async Task WaitUntilListeningAsync()
    {
        using var timeout = new CancellationTokenSource(StartTimeout);
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri("/", UriKind.Relative), timeout.Token);
                return;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(50, timeout.Token);
            }
            catch (HttpRequestException exception)
            {
                throw new InvalidOperationException($"The app ended with exit code {process.ExitCode}.\n{Output}", exception);
            }
        }
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost;
using DataRegistry.Stores;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The service and its queue listener in a separate process. So its memory is its own, there can be two of them, and it
/// can be killed. Every request that it sends is a line of a file. It ends when its standard input does.
/// </summary>
sealed class ServiceProcess : IAsyncDisposable
{
    const string Verb = "service";

    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    readonly Process process;

    ServiceProcess(Process process, string url, string log)
    {
        this.process = process;
        Log = log;
        Http = new HttpClient { BaseAddress = new Uri(url), Timeout = Timeout.InfiniteTimeSpan };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", RunningService.Token);
    }

    public HttpClient Http { get; }

    /// <summary>The file of all requests that it sent.</summary>
    public string Log { get; }

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Its highest memory, in MiB.</summary>
    public double PeakMebibytes => Measured.PeakOf(process.Id) ?? double.NaN;

    public static Command Command()
    {
        var connection = new Argument<string>("connection");
        var store = new Argument<string>("store");
        var ports = new Argument<int[]>("ports") { Arity = new(3, 3) };
        var log = new Option<string>("--log") { Required = true };
        var command = new Command(Verb, "The service, until its standard input ends.") { connection, store, ports, log };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var listening = parsed.GetValue(ports)!;
            using var counter = new RequestCounter(new AzuritePorts(listening[0], listening[1], listening[2]), parsed.GetValue(log));
            await using var service = await RunningService.StartAsync(
                parsed.GetValue(connection)!, JsonSerializer.Deserialize<Store>(parsed.GetValue(store)!)!, cancellationToken,
                new CountingTransport());
            Console.WriteLine(service.Url);
            await Console.In.ReadToEndAsync(cancellationToken);
        });
        return command;
    }

    public static async Task<ServiceProcess> StartAsync(Arena arena, Store store, CancellationToken cancellationToken)
    {
        var log = Path.GetTempFileName();
        string[] arguments = [
            Verb, arena.Connection, JsonSerializer.Serialize(store), Text(arena.Ports.Blob), Text(arena.Ports.Queue),
            Text(arena.Ports.Table), "--log", log];
        var start = BucketProcess.Self(arguments);
        var process = Process.Start(start)!;
        var url = await process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new WrongResultException("The service did not start.");
        // A full pipe would block it.
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return new(process, url, log);

        static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Bytes that it has allocated since its start.</summary>
    public Task<long> AllocatedAsync(CancellationToken cancellationToken) => Http.GetFromJsonAsync<long>("/allocated", cancellationToken);

    /// <summary>Bytes of the storage account's answers since its start.</summary>
    public Task<long> ReceivedAsync(CancellationToken cancellationToken) => Http.GetFromJsonAsync<long>("/received", cancellationToken);

    /// <summary>Has a prefix adopted as a job; returns its id.</summary>
    public async Task<string> AcceptAsync(Store store, string prefix, CancellationToken cancellationToken)
    {
        using var response = await Http.PostAsJsonAsync(
            $"/api/v0/stores/{store.Id}/adopt/", new { prefix, project = RunningService.ProjectId }, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Accepted)
            throw new WrongResultException(
                $"The prefix was not accepted: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        return (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("id").GetString()!;
    }

    /// <summary>Starts a scan of the store; returns the scan's id.</summary>
    public async Task<string> AcceptScanAsync(Store store, CancellationToken cancellationToken)
    {
        using var response = await Http.PostAsync(new Uri($"/api/v0/stores/{store.Id}/rescan/", UriKind.Relative), null, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Accepted)
            throw new WrongResultException(
                $"The scan was not accepted: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        return (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("id").GetString()!;
    }

    /// <summary>Kills it, like a loss of power.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!process.HasExited)
        {
            process.StandardInput.Close();
            using var timeout = new CancellationTokenSource(StopTimeout);
            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
                process.Kill();
        }

        process.Dispose();
        File.Delete(Log);
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The bucket server in a separate process, so that its processor time and memory do not count as the service's. It is
/// this program with a hidden verb. It ends when its standard input does, even if this process is killed.
/// </summary>
sealed class BucketProcess : IAsyncDisposable
{
    const string Verb = "bucket-server";
    const string Bucket = "bucket";
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    readonly Process process;
    readonly string url;

    BucketProcess(Process process, string url)
    {
        this.process = process;
        this.url = url;
        Store = new() { Id = Guid.NewGuid(), Name = Bucket, Configuration = new(Bucket, null, url, "key", "secret", null) };
    }

    /// <summary>The bucket as a store; the same in every arm.</summary>
    public Store Store { get; }

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Sets the server's faults.</summary>
    public async Task FailAsync(FaultPlan plan, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        using var response = await http.PutAsJsonAsync("/_faults", plan, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    public static Command Command()
    {
        var command = new Command(Verb, "A bucket server that ends with its standard input.") { Hidden = true };
        command.SetAction(async (_, cancellationToken) =>
        {
            await using var server = await BucketServer.StartAsync(cancellationToken: cancellationToken);
            Console.WriteLine(server.Url);
            await Console.In.ReadToEndAsync(cancellationToken);
        });
        return command;
    }

    /// <summary>Starts it with a bucket of these keys, each of a few KiB.</summary>
    public static async Task<BucketProcess> StartAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var start = Self(Verb);
        var process = Process.Start(start)!;
        var url = await process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new WrongResultException("The bucket server did not start.");
        var bucket = new BucketProcess(process, url);
        try
        {
            await bucket.PutAsync(keys.Select((key, n) => (key, 1000 + (n % 3000))), cancellationToken);
            return bucket;
        }
        catch
        {
            await bucket.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts objects, or replaces them by others: another size makes another object.</summary>
    public async Task PutAsync(IEnumerable<(string Key, int Size)> objects, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        using var lines = new StringContent(
            string.Join('\n', objects.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Size} {o.Key}"))));
        using var response = await http.PutAsync(new Uri($"/_synthetic/{Bucket}", UriKind.Relative), lines, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    public async Task DeleteAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        foreach (var key in keys)
        {
            using var response = await http.DeleteAsync(
                new Uri($"/{Bucket}/{Uri.EscapeDataString(key)}", UriKind.Relative), cancellationToken);
            response.EnsureSuccessStatusCode();
        }
    }

    /// <summary>This program again, with other arguments.</summary>
    public static ProcessStartInfo Self(params string[] arguments)
    {
        // If run as "dotnet x.dll", the process is dotnet and needs the program's path.
        var self = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        return new(self, isHost ? [typeof(BucketProcess).Assembly.Location, .. arguments] : arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(StopTimeout);
        await process.WaitForExitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}

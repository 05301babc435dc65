using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DataRegistry.LocalHost;

/// <summary>Ports of Azurite's three services.</summary>
public sealed record AzuritePorts(int Blob, int Queue, int Table)
{
    /// <summary>The ports of <c>UseDevelopmentStorage=true</c>.</summary>
    public static AzuritePorts Default { get; } = new(10000, 10001, 10002);
}

public sealed record AzuriteOptions
{
    /// <summary>The folder of Azurite's package, which npm fetches on first use.</summary>
    public required string PackageFolder { get; init; }

    /// <summary>The folder of the data; null keeps it in memory only.</summary>
    public string? Folder { get; init; }

    /// <summary>MiB of memory for its data (Node's old space); null for the default of Node.js, some GiB.</summary>
    public int? Memory { get; init; }

    /// <summary>Null for any free ports.</summary>
    public AzuritePorts? Ports { get; init; }

    /// <summary>Accounts besides the well-known one, with the same key. Each has its own data, which tests use.</summary>
    public IReadOnlyList<string> MoreAccounts { get; init; } = [];

    /// <summary>Receives a line before each slow step; null for none.</summary>
    public Action<string>? Report { get; init; }
}

/// <summary>
/// The storage emulator, as a child process that ends with this one, even if this one is killed. Listens on 127.0.0.1
/// only.
/// </summary>
public sealed class Azurite : IAsyncDisposable
{
    // Azurite's well-known account is the same for everyone, so it is no secret.
    const string Account = "devstoreaccount1";
    const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <summary>Ends a start that hangs. A good start has taken more than 90 s on a busy machine.</summary>
    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    /// <summary>Ends a process that hangs. By itself it ends within 60 s, see azurite-guard.js.</summary>
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(75);

    readonly Process process;
    readonly StringBuilder output;

    Azurite(Process process, StringBuilder output, AzuritePorts ports)
    {
        this.process = process;
        this.output = output;
        Ports = ports;
    }

    /// <summary>The connection string of the well-known account.</summary>
    public string ConnectionString => ConnectionStringOf(Account);

    public AzuritePorts Ports { get; }

    /// <param name="account">The well-known account, or one of <see cref="AzuriteOptions.MoreAccounts"/>.</param>
    public string ConnectionStringOf(string account) => ConnectionStringOf(Ports, account);

    /// <inheritdoc cref="ConnectionStringOf(string)"/>
    public static string ConnectionStringOf(AzuritePorts ports, string account = Account) => string.Create(CultureInfo.InvariantCulture,
        $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={Key};"
        + $"BlobEndpoint=http://127.0.0.1:{ports.Blob}/{account};"
        + $"QueueEndpoint=http://127.0.0.1:{ports.Queue}/{account};"
        + $"TableEndpoint=http://127.0.0.1:{ports.Table}/{account};");

    /// <summary>The id of the child process, which ends with <see cref="DisposeAsync"/>.</summary>
    public int ProcessId => process.Id;

    /// <summary>Fetches the package if necessary, starts Azurite and waits until all three services answer.</summary>
    /// <exception cref="InvalidOperationException">Node.js is missing or too old, the package cannot be fetched, or
    /// Azurite did not start. The message says which.</exception>
    public static async Task<Azurite> StartAsync(AzuriteOptions options, CancellationToken cancellationToken = default)
    {
        var entry = await AzuritePackage.EnsureAsync(options.PackageFolder, options.Report, cancellationToken);
        var azurite = Launch(entry, options);
        try
        {
            await AzuritePackage.WaitAsync(
                azurite.WaitUntilAnsweringAsync(cancellationToken), "starting the storage emulator", options.Report, cancellationToken);
            return azurite;
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets Azurite write its data and end; kills it after 75 s. A second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (process.HasExited)
            {
                return;
            }
        }
        catch (InvalidOperationException)
        {
            return; // disposed already
        }

        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(StopTimeout);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    static Azurite Launch(string entry, AzuriteOptions options)
    {
        var ports = options.Ports ?? FreePorts();
        var start = new ProcessStartInfo("node")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // MiB for new objects. Each request leaves garbage, and a larger space is collected less often: a tenth less processor time.
        start.ArgumentList.Add("--max-semi-space-size=64");
        if (options.Memory is { } mebibytes)
            start.ArgumentList.Add($"--max-old-space-size={Text(mebibytes)}");
        string[] arguments =
        [
            AzuritePackage.GuardOf(options.PackageFolder), entry, "--silent", "--skipApiVersionCheck", "--disableTelemetry",
            "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
            "--blobPort", Text(ports.Blob), "--queuePort", Text(ports.Queue), "--tablePort", Text(ports.Table),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (options.MoreAccounts.Count > 0)
            start.Environment["AZURITE_ACCOUNTS"] = string.Join(';', options.MoreAccounts.Prepend(Account).Select(a => $"{a}:{Key}"));

        if (options.Folder is null)
        {
            start.ArgumentList.Add("--inMemoryPersistence");
        }
        else
        {
            start.ArgumentList.Add("--location");
            start.ArgumentList.Add(Directory.CreateDirectory(options.Folder).FullName);
        }

        var said = new StringBuilder();
        var child = AzuritePackage.Start(start);
        child.OutputDataReceived += Keep;
        child.ErrorDataReceived += Keep;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return new Azurite(child, said, ports);

        static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

        void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (said)
            {
                // The beginning explains a failed start. Keep no more, because a process may run for days.
                if (line.Data is not null && said.Length < 16 * 1024)
                {
                    said.AppendLine(line.Data);
                }
            }
        }
    }

    /// <summary>Holds all three at once, so that they differ. Another process may still take one before Azurite does.</summary>
    static AzuritePorts FreePorts()
    {
        using var blob = new TcpListener(IPAddress.Loopback, 0);
        using var queue = new TcpListener(IPAddress.Loopback, 0);
        using var table = new TcpListener(IPAddress.Loopback, 0);
        return new AzuritePorts(Take(blob), Take(queue), Take(table));

        static int Take(TcpListener listener)
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }

    async Task WaitUntilAnsweringAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        using var http = new HttpClient();
        try
        {
            foreach (var port in (int[])[Ports.Blob, Ports.Queue, Ports.Table])
            {
                // Also wait for Azurite's own message, because another server may answer on a given port.
                while (!SaysItListens() || !await AnswersAsync(http, port, limit.Token))
                {
                    if (process.HasExited)
                    {
                        throw Failed($"Azurite ended with exit code {process.ExitCode} as it started.");
                    }

                    await Task.Delay(50, limit.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"Azurite did not answer within {StartTimeout.TotalMinutes:0} minutes.");
        }
    }

    /// <summary>Tables are started last.</summary>
    bool SaysItListens()
    {
        lock (output)
        {
            return output.ToString().Contains("Table service is successfully listening", StringComparison.Ordinal);
        }
    }

    static async Task<bool> AnswersAsync(HttpClient http, int port, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(
                new Uri($"http://127.0.0.1:{port}/{Account}"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    InvalidOperationException Failed(string sentence)
    {
        lock (output)
        {
            return new InvalidOperationException($"{sentence} {output}".TrimEnd());
        }
    }
}

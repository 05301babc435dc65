using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DataRegistry.LocalHost;

/// <summary>Ports of Azurite's three services.</summary>
public sealed record AzuritePorts(int Blob, int Queue, int Table);

public sealed record AzuriteOptions
{
    /// <summary>The folder of Azurite's package, which npm fetches on first use.</summary>
    public required string PackageFolder { get; init; }

    /// <summary>The folder of the data; null keeps it in memory only.</summary>
    public string? Folder { get; init; }

    /// <summary>MiB of memory for its data (Node's old space); null for the default of Node.js, some GiB.</summary>
    public int? Memory { get; init; }

    /// <summary>Accounts besides the well-known one, with the same key. Each has its own data, which tests use.</summary>
    public IReadOnlyList<string> MoreAccounts { get; init; } = [];

    /// <summary>Receives a line before each slow step; null for none.</summary>
    public Action<string>? Report { get; init; }
}

/// <summary>
/// The storage emulator, as a child process that ends with this one, even if this one is killed. Listens on 127.0.0.1
/// only, on free ports.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
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
    readonly Action<string>? report;

    Azurite(Process process, StringBuilder output, Action<string>? report) =>
        (this.process, this.output, this.report) = (process, output, report);

    /// <summary>The connection string of the well-known account.</summary>
    public string ConnectionString => ConnectionStringOf(Account);

    public AzuritePorts Ports { get; private set; } = null!;

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

    /// <summary>Fetches the package if necessary, starts Azurite and waits until all three services listen.</summary>
    /// <exception cref="InvalidOperationException">Node.js is missing or too old, the package cannot be fetched, or
    /// Azurite did not start. The message says which.</exception>
    public static async Task<Azurite> StartAsync(AzuriteOptions options, CancellationToken cancellationToken = default)
    {
        var entry = await AzuritePackage.EnsureAsync(options.PackageFolder, options.Report, cancellationToken);
        var azurite = Launch(entry, options);
        try
        {
            await AzuritePackage.WaitAsync(
                azurite.WaitUntilListeningAsync(cancellationToken), "starting the storage emulator", options.Report, cancellationToken);
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
            await AzuritePackage.WaitAsync(
                process.WaitForExitAsync(timeout.Token), "ending the storage emulator", report, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    static Azurite Launch(string entry, AzuriteOptions options)
    {
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
            start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--max-old-space-size={mebibytes}"));
        // It takes any free ports itself, and says which.
        string[] arguments =
        [
            AzuritePackage.GuardOf(options.PackageFolder), entry, "--silent", "--skipApiVersionCheck", "--disableTelemetry",
            "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
            "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
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
        return new Azurite(child, said, options.Report);

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

    async Task WaitUntilListeningAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        try
        {
            AzuritePorts? ports;
            while ((ports = PortsOf(output)) is null)
            {
                if (process.HasExited)
                {
                    // Until its last line is read, which says why.
                    await process.WaitForExitAsync(limit.Token);
                    throw Failed($"Azurite ended with exit code {process.ExitCode} as it started.");
                }

                await Task.Delay(50, limit.Token);
            }

            Ports = ports;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"Azurite did not listen within {StartTimeout.TotalMinutes:0} minutes.");
        }
    }

    /// <summary>The ports that the services say they listen on; null until all three do.</summary>
    static AzuritePorts? PortsOf(StringBuilder output)
    {
        Dictionary<string, int> ports;
        lock (output)
        {
            ports = Listening().Matches(output.ToString()).ToDictionary(
                m => m.Groups["service"].Value, m => int.Parse(m.Groups["port"].ValueSpan, CultureInfo.InvariantCulture),
                StringComparer.Ordinal);
        }

        return ports.Count < 3 ? null : new AzuritePorts(ports["Blob"], ports["Queue"], ports["Table"]);
    }

    [GeneratedRegex(
        @"(?<service>Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(?<port>[0-9]+)",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Listening();

    InvalidOperationException Failed(string sentence)
    {
        lock (output)
        {
            return new InvalidOperationException($"{sentence} {output}".TrimEnd());
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace DataRegistry.LocalHost;

/// <summary>
/// Azurite's npm package in a folder of its own, so that nothing is installed on the machine: <c>{folder}/3.37.0</c>.
/// Of several processes that need it at the same time, one fetches it, and the others wait.
/// </summary>
static class AzuritePackage
{
    public const string Version = "3.37.0";
    const int OldestNode = 20;

    /// <summary>Nobody waits longer without a word.</summary>
    static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    // An exception's HResult if another process has a file open: the error of Windows, and EWOULDBLOCK elsewhere.
    const int SharingViolation = unchecked((int)0x80070020), WouldBlockOnLinux = 11, WouldBlockOnMac = 35;

    const string Guard = "azurite-guard.js";
    const string InstallNode = "Install Node.js 20 or later from https://nodejs.org (it brings npm), and try again.";

    /// <summary>Azurite's script, fetched on first use.</summary>
    /// <param name="report">Receives a line before each slow step.</param>
    public static async Task<string> EnsureAsync(string folder, Action<string>? report, CancellationToken cancellationToken)
    {
        await CheckNodeAsync(cancellationToken);
        folder = Directory.CreateDirectory(folder).FullName;
        await WriteGuardAsync(folder, cancellationToken);
        var home = Path.Combine(folder, Version);
        if (!Directory.Exists(home))
        {
            report?.Invoke($"Fetching the storage emulator (azurite {Version}) with npm. This is done once and takes half a minute or so.");
            await WaitAsync(FetchOnceAsync(folder, home, cancellationToken), "fetching", report, cancellationToken);
        }

        return Path.Combine(home, "node_modules", "azurite", "dist", "src", "azurite.js");
    }

    /// <summary>Waits for a slow step, and reports every 10 s that it is "Still {doing}".</summary>
    public static async Task WaitAsync(Task step, string doing, Action<string>? report, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.StartNew();
        while (await Task.WhenAny(step, Task.Delay(ReportInterval, cancellationToken)) != step
            && !cancellationToken.IsCancellationRequested)
        {
            report?.Invoke($"Still {doing}, for {begun.Elapsed.TotalSeconds:0} s…");
        }

        await step;
    }

    /// <summary>The script that runs Azurite and ends it together with this process.</summary>
    public static string GuardOf(string folder) => Path.Combine(Path.GetFullPath(folder), Guard);

    /// <exception cref="InvalidOperationException">There is no such program.</exception>
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException(
                $"The storage emulator needs Node.js, and there is no {start.FileName} here. {InstallNode}", missing);
        }
    }

    static async Task CheckNodeAsync(CancellationToken cancellationToken)
    {
        var (_, output) = await RunAsync("node", ["--version"], workingDirectory: null, cancellationToken);
        var text = output.Trim().TrimStart('v').Split('.')[0];
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var major) || major < OldestNode)
        {
            throw new InvalidOperationException(
                $"The storage emulator needs Node.js {OldestNode} or later, and this is {output.Trim()}. {InstallNode}");
        }
    }

    /// <summary>Fetches the package, unless another process has done so by the time it is this one's turn.</summary>
    static async Task FetchOnceAsync(string folder, string home, CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(Path.Combine(folder, "fetching.lock"), cancellationToken);
        if (!Directory.Exists(home))
            await FetchAsync(folder, home, cancellationToken);
    }

    /// <summary>One process at a time has the file open. The system closes it also for a process that is killed.</summary>
    static async Task<FileStream> TakeTurnAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error.HResult is SharingViolation or WouldBlockOnLinux or WouldBlockOnMac)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    static async Task FetchAsync(string folder, string home, CancellationToken cancellationToken)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(folder, $"fetching-{Guid.NewGuid():N}")).FullName;
        try
        {
            await File.WriteAllTextAsync(
                Path.Combine(temporary, "package.json"), """{"name":"azurite-home","private":true}""", cancellationToken);
            string[] install = [
                "install", $"azurite@{Version}", "--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts", "--loglevel=error"];
            var (exitCode, output) = OperatingSystem.IsWindows()
                ? await RunAsync("cmd.exe", ["/c", "npm", .. install], temporary, cancellationToken)
                : await RunAsync("npm", install, temporary, cancellationToken);
            if (exitCode != 0)
            {
                throw new InvalidOperationException($"npm could not fetch azurite {Version} (exit code {exitCode}): {output.Trim()}");
            }

            Directory.Move(temporary, home);
        }
        catch (IOException) when (Directory.Exists(home))
        {
            // Not every file system has locks. The package of a process that was first is as good.
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    /// <summary>Renames a finished file, because another process may be about to run it.</summary>
    static async Task WriteGuardAsync(string folder, CancellationToken cancellationToken)
    {
        await using var resource = typeof(AzuritePackage).Assembly.GetManifestResourceStream(Guard)!;
        using var text = new MemoryStream();
        await resource.CopyToAsync(text, cancellationToken);
        var target = GuardOf(folder);
        if (File.Exists(target) && (await File.ReadAllBytesAsync(target, cancellationToken)).AsSpan().SequenceEqual(text.ToArray()))
        {
            return;
        }

        var temporary = $"{target}.{Guid.NewGuid():N}";
        await File.WriteAllBytesAsync(temporary, text.ToArray(), cancellationToken);
        File.Move(temporary, target, overwrite: true);
    }

    static async Task<(int ExitCode, string Output)> RunAsync(
        string program, string[] arguments, string? workingDirectory, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        using var process = Start(start);
        try
        {
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken) + await error;
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, output);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}

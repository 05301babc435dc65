using System.Diagnostics;
using System.Globalization;
using DataRegistry.Tests.Host;

namespace DataRegistry.Tests.LocalHost;

/// <summary>Runs LocalHost, and reads its output until it is ready or ends.</summary>
sealed class LocalHostCommand : IAsyncDisposable
{
    const string Ready = "ready ";

    readonly Process process;
    readonly Task<string> errors;
    Task<string> rest = Task.FromResult("");

    LocalHostCommand(Process process) => (this.process, errors) = (process, process.StandardError.ReadToEndAsync());

    public List<string> Lines { get; } = [];

    public string Errors => errors.Result;

    /// <summary>The address of its service. Fails with the command's error if it ended before it was ready.</summary>
    public string Url
    {
        get
        {
            var last = Lines.LastOrDefault("");
            if (!last.StartsWith(Ready, StringComparison.Ordinal))
                Assert.Fail($"{last} {Errors}");
            return last[Ready.Length..];
        }
    }

    public string Id => process.Id.ToString(CultureInfo.InvariantCulture);

    public static Task<LocalHostCommand> StartAsync(params string[] arguments) =>
        StartAsync(new Dictionary<string, string>(StringComparer.Ordinal), arguments);

    /// <param name="environment">Additional variables.</param>
    public static async Task<LocalHostCommand> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // A script's background job ignores Ctrl-C, and so would its children.
        string[] signals = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT"] : [];
        string[] program = [.. signals, "dotnet", Path.Combine(AppContext.BaseDirectory, "DataRegistry.LocalHost.dll")];
        var start = new ProcessStartInfo(program[0], [.. program[1..], .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Remove("AzureWebJobsStorage");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var command = new LocalHostCommand(Process.Start(start)!);
        // Longer than the emulator may take to start, because the command's own error says what failed.
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            while (await command.process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                command.Lines.Add(line);
                if (line.StartsWith(Ready, StringComparison.Ordinal))
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            await command.DisposeAsync();
            Assert.Fail($"It is not ready within 10 minutes: {string.Join('\n', command.Lines)}");
        }

        // A full pipe would block it.
        command.rest = command.process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return command;
    }

    public HttpClient NewClient() => new()
    {
        BaseAddress = new Uri(Url),
        DefaultRequestHeaders = { { "Authorization", "Token a-token-of-the-tests-only" } },
    };

    /// <summary>Its whole output after it is ready, once it has ended.</summary>
    public Task<string> RestAsync() => rest;

    /// <summary>Kills it at once, like a crash.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        await process.WaitForExitAsync().WithinDeadlineAsync();
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}

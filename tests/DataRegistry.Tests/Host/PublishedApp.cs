using System.Collections;
using System.Diagnostics;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>
/// The app as it is deployed. It is published once for all tests, with the documented command, into a folder of its
/// own. So neither the checkout's build nor another run interferes.
/// </summary>
public static class PublishedApp
{
    /// <summary>
    /// The collection of the classes that need it. They run one after the other and begin first, because they would all
    /// wait for the same command, and no other class could run meanwhile.
    /// </summary>
    public const string Collection = "published app";

    // Only a failure takes so long.
    static readonly TimeSpan PublishTimeout = TimeSpan.FromMinutes(30);
    static readonly Lazy<Task<string>> Published = new(PublishAsync);

    /// <summary>The top of the checkout.</summary>
    public static string Repository { get; } = AzuriteFixture.RepositoryRoot();

    /// <summary>The published folder.</summary>
    public static Task<string> FolderAsync() => Published.Value;

    public static async Task<string> ExecutableAsync() => Path.Combine(await FolderAsync(), "DataRegistry.Functions");

    static async Task<string> PublishAsync()
    {
        // Kept from run to run, so that unchanged code is not compiled again.
        string home = Path.Combine(Repository, "tests", "DataRegistry.Tests", "obj", "published");
        string output = Path.Combine(home, "out");
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }

        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Repository,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])[
            "publish", "src/Functions", "-c", "Release", "-o", output, "--artifacts-path", Path.Combine(home, "artifacts"), "--nologo"])
        {
            start.ArgumentList.Add(argument);
        }

        // The running test command sets these for its own MSBuild, not for another one.
        foreach (string name in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => (string)entry.Key)
            .Where(
                name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
                    || name.StartsWith("VSTEST", StringComparison.Ordinal)))
        {
            start.Environment.Remove(name);
        }

        // Servers that outlive the command would keep its output open, and this would wait for them.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        // A build of the solution analyzes the same code.
        start.Environment["RunAnalyzers"] = "false";

        using Process process = Process.Start(start)!;
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(PublishTimeout);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"dotnet publish failed.\n{await text}{await errors}");
    }
}

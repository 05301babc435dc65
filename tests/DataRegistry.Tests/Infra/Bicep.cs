using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Infra;

/// <summary>
/// The files under <c>infra</c>, through the Bicep compiler. The compiler is a package, runs on Linux on x64, and uses
/// no network.
/// </summary>
static class Bicep
{
    /// <summary>With these, every condition of <c>main.bicep</c> is true, so that no resource is left out.</summary>
    const string AllParameters = """
        using 'main.bicep'
        param privateNetwork = true
        param publicAccess = false
        param alertEmail = 'operators@example.com'
        param settings = { Adoption__WorkersPerStore: '32' }
        """;

    static readonly string Compiler =
        typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BicepCompiler").Value!;

    public static string Folder { get; } = Path.Combine(AzuriteFixture.RepositoryRoot(), "infra");

    static readonly Lazy<Task<JsonElement>> Template = new(
        async () => Parse((await RunAsync(Folder, "build", "main.bicep", "--stdout")).Output));
    static readonly Lazy<Task<IReadOnlyList<JsonElement>>> Resources = new(PredictAsync);

    public static string? SkipReason { get; } = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
        ? null
        : "The Bicep compiler that the tests use is for Linux on x64.";

    /// <summary>The compiled <c>main.bicep</c>.</summary>
    public static Task<JsonElement> TemplateAsync() => Template.Value;

    /// <summary>All resources of a deployment. Names and properties are evaluated as far as possible without Azure.</summary>
    public static Task<IReadOnlyList<JsonElement>> ResourcesAsync() => Resources.Value;

    public static async Task<IEnumerable<JsonElement>> ResourcesAsync(string type) =>
        (await ResourcesAsync()).Where(r => string.Equals(r.GetProperty("type").GetString(), type, StringComparison.Ordinal));

    /// <summary>The last part of a resource's name, such as that of a queue.</summary>
    public static string LastName(JsonElement resource) => resource.GetProperty("name").GetString()!.Split('/')[^1];

    /// <returns>Warnings and errors are in <c>Diagnostics</c>; it is empty if there are none.</returns>
    public static async Task<(int Status, string Output, string Diagnostics)> RunAsync(string folder, params string[] arguments)
    {
        // Some feeds' archives lose the bit.
        if (!OperatingSystem.IsWindows() && !File.GetUnixFileMode(Compiler).HasFlag(UnixFileMode.UserExecute))
            File.SetUnixFileMode(Compiler, File.GetUnixFileMode(Compiler) | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(Compiler, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var diagnostics = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await diagnostics);
    }

    /// <summary>Calls <paramref name="use"/> with a copy of the folder, in which the compiler may write.</summary>
    public static async Task<T> InCopyAsync<T>(Func<string, Task<T>> use)
    {
        var copy = Directory.CreateTempSubdirectory();
        try
        {
            foreach (var file in Directory.EnumerateFiles(Folder, "*.bicep*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy.FullName, Path.GetRelativePath(Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }

            return await use(copy.FullName);
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    static Task<IReadOnlyList<JsonElement>> PredictAsync() => InCopyAsync<IReadOnlyList<JsonElement>>(async folder =>
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "all.bicepparam"), AllParameters);
        var (status, _, diagnostics) = await RunAsync(
            folder, "snapshot", "all.bicepparam", "--mode", "overwrite",
            "--subscription-id", Guid.Empty.ToString(), "--resource-group", "g", "--location", "westeurope");
        Assert.True(status == 0, diagnostics);
        var snapshot = Parse(await File.ReadAllTextAsync(Path.Combine(folder, "all.snapshot.json")));
        return [.. snapshot.GetProperty("predictedResources").EnumerateArray()];
    });

    static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

/// <summary>Skipped, with the reason, if the compiler does not run.</summary>
sealed class BicepFactAttribute : FactAttribute
{
    public BicepFactAttribute() => Skip = Bicep.SkipReason;
}

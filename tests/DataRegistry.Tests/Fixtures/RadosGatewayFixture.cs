using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// A real S3 server (Ceph's gateway), started by the first test that asks for it and shared by the whole run. It ends
/// with this process, even if that is killed, because its script waits for standard input to close.
/// </summary>
static class RadosGatewayFixture
{
    public const string AccessKeyId = "testaccess";
    public const string SecretAccessKey = "testsecret";

    /// <summary>Two seconds on an idle machine.</summary>
    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Kept while this process lives. If it were collected, it would close the pipe, and end the gateway under running
    /// tests.
    /// </summary>
    static Process? script;

    static readonly Lazy<Task<string>> Started = new(StartAsync);

    /// <summary>Set it to 1 if the gateway must exist: its tests then fail and are not skipped.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("DATAREGISTRY_REQUIRE_RADOSGW") is "1";

    /// <summary>Null if its tests can run.</summary>
    public static string? SkipReason =>
        IsRequired || IsInstalled
            ? null
            : "radosgw is not installed (Debian: ceph-mon ceph-osd radosgw ceph-common): not compared with a real S3 server.";

    static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(
            folder => File.Exists(Path.Combine(folder, "radosgw")));

    /// <summary>The gateway's URL, the same for all tests.</summary>
    public static Task<string> UrlAsync() => Started.Value;

    static async Task<string> StartAsync()
    {
        if (!IsInstalled)
            throw new InvalidOperationException(
                "DATAREGISTRY_REQUIRE_RADOSGW is set, but radosgw is not on the PATH; install it, or unset the variable.");
        var folder = Path.Combine(Path.GetTempPath(), $"dataregistry-radosgw-{Environment.ProcessId}");
        var ports = FreePorts.Take(2);
        script = Process.Start(new ProcessStartInfo(Script(), ["run", folder, $"{ports[0]}", $"{ports[1]}"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var late = new CancellationTokenSource(Timeout);
        var said = await script.StandardOutput.ReadLineAsync(late.Token);
        return said?.StartsWith("ready ", StringComparison.Ordinal) == true
            ? said["ready ".Length..]
            : throw new InvalidOperationException($"tests/radosgw did not start: {await script.StandardError.ReadToEndAsync(late.Token)}");
    }

    static string Script([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "radosgw"));
}

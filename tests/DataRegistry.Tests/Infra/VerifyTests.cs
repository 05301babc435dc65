using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using DataRegistry.Tests.LocalHost;

namespace DataRegistry.Tests.Infra;

/// <summary><c>infra/verify</c> against LocalHost as a separate process. Its storage and bucket outlive it.</summary>
public sealed class VerifyTests : IAsyncLifetime
{
    const string Token = "a-token-of-the-tests-only";
    const string Bucket = "verified";

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    readonly Dictionary<string, string> environment = new(StringComparer.Ordinal)
    {
        ["Stores__SecretKey"] = Convert.ToBase64String(new byte[32]),
    };

    BucketServer server = null!;
    LocalHostCommand command = null!;
    string url = "http://127.0.0.1:0";

    string StoreFile => Path.Combine(folder.FullName, "store.json");

    string Put => $"curl -fsS -T - {server.Url}/{Bucket}/$KEY_IN_URL";

    string Remove => $"curl -fsS -X DELETE {server.Url}/{Bucket}/$KEY_IN_URL";

    public async Task InitializeAsync()
    {
        environment["AzureWebJobsStorage"] = await AzuriteFixture.NewAccountAsync();
        server = await BucketServer.StartAsync();
        server.CreateBucket(Bucket);
        await File.WriteAllTextAsync(
            StoreFile, $$"""{"bucket":"{{Bucket}}","endpoint_url":"{{server.Url}}","access_key_id":"any","secret_access_key":"any"}""");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await command.DisposeAsync();
        await server.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [UnixFact]
    public async Task Everything_works_also_over_a_crash_and_nothing_stays_behind()
    {
        var restarts = 0;
        TaskCompletionSource atWork = new(), released = new();
        var restarting = false;
        server.Intercept = async (http, kind) =>
        {
            if (http.Request.Path != "/_restart/")
            {
                // A worker in the middle of its job, which waits there until it is killed.
                if (restarting && kind == "list" && atWork.TrySetResult())
                    await released.Task;
                return false;
            }

            restarting = true;
            await atWork.Task;
            await command.KillAsync();
            released.SetResult();
            await StartAsync();
            restarts++;
            return true;
        };
        var (status, lines) = await VerifyAsync("--restart", $"curl -fsS {server.Url}/_restart/", "--settle", "2");
        Assert.True(status == 0, string.Join('\n', lines));
        Assert.Equal((1, "16 ok, 0 failed, 0 skipped"), (restarts, lines[^1]));
        Assert.All(lines[..^1], line => Assert.StartsWith("ok: ", line, StringComparison.Ordinal));
        await AssertNothingStayedAsync();
    }

    [UnixFact]
    public async Task Each_failure_is_told_by_its_check_and_nothing_stays_behind()
    {
        // One object never arrives, and the app cannot be restarted.
        var (status, lines) = await VerifyAsync("--put", $"[[ $KEY = *0007.bin ]] || {Put}", "--restart", "exit 3", "--settle", "0");
        Assert.Equal(1, status);
        string[] failed = [.. lines.Where(l => l.StartsWith("FAILED: ", StringComparison.Ordinal)).Select(l => l.Split(": ")[1])];
        Assert.Equal(
            [
                "a list of more than 100 URLs is a job", "a prefix is a job", "a rescan finds what changed, and only that",
                "jobs go on over a restart, and lose nothing",
            ],
            failed);
        Assert.Contains(lines, l => l.Contains("'exit 3' ended with 3", StringComparison.Ordinal));
        Assert.Equal("12 ok, 4 failed, 0 skipped", lines[^1]);
        await AssertNothingStayedAsync();
    }

    [UnixFact]
    public async Task The_deployment_is_asked_by_az_where_a_group_is_given()
    {
        string[] http = ["AdoptionApi", "Api", "Console", "DataVolumesApi", "Health", "OpenApi"];
        var names = http.Concat(Registry.QueueFunctions.Select(f => f.Name)).Concat(Registry.TimerFunctions.Select(f => f.Name));
        // With the line ends of Windows.
        var printed = string.Concat(names.Select(n => $"app/{n}\\r\\n"));
        var (status, lines) = await WithAzAsync($"*'function list'*) printf '{printed}' ;; *allowSharedKeyAccess*) echo false ;;");
        Assert.Equal((0, "7 ok, 0 failed, 1 skipped"), (status, lines[^1]));

        (status, lines) = await WithAzAsync(
            "*'function list'*) echo app/Health ;; 'rest '*) echo Stores__SecretKey ;; *allowSharedKeyAccess*) echo true ;;");
        Assert.Equal((1, "4 ok, 3 failed, 1 skipped"), (status, lines[^1]));
        var secrets = lines.Single(l => l.StartsWith("FAILED: its secrets are read from the vault: ", StringComparison.Ordinal));
        Assert.Contains("Stores__SecretKey", secrets, StringComparison.Ordinal);

        async Task<(int, string[])> WithAzAsync(string cases)
        {
            var az = Path.Combine(folder.FullName, "az");
            await File.WriteAllTextAsync(az, $"#!/usr/bin/env bash\ncase \"$*\" in {cases} 'rest '*) ;; *) echo x ;; esac\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var process = Start([url, "--group", "g"], $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}");
            return await EndAsync(process);
        }
    }

    [UnixFact]
    public async Task Nothing_stays_behind_where_it_is_interrupted()
    {
        var arrived = new TaskCompletionSource();
        server.Intercept = (http, _) =>
        {
            if (http.Request.Method == "PUT" && http.Request.Path.Value!.Contains("/bulk/", StringComparison.Ordinal))
                arrived.TrySetResult();
            return Task.FromResult(false);
        };
        using var process = Start(WithBucket());
        var output = process.StandardOutput.ReadToEndAsync();
        await arrived.Task.WithinDeadlineAsync();
        await Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExitAsync();
        await process.WaitForExitAsync().WithinDeadlineAsync();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("stopped by SIGINT", await output, StringComparison.Ordinal);
        await AssertNothingStayedAsync();
    }

    async Task StartAsync()
    {
        command = await LocalHostCommand.StartAsync(environment, "--memory", "--urls", url, "--token", Token, "--count", "0");
        url = command.Url;
    }

    // If an option is given twice, the last one counts.
    string[] WithBucket(params string[] arguments) => [url, "--store", StoreFile, "--put", Put, "--remove", Remove, .. arguments];

    static Process Start(string[] arguments, string? path = null)
    {
        var start = new ProcessStartInfo(Path.Combine(Bicep.Folder, "verify"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["TOKEN"] = Token },
        };
        if (path is not null)
            start.Environment["PATH"] = path;
        return Process.Start(start)!;
    }

    async Task<(int Status, string[] Lines)> VerifyAsync(params string[] arguments)
    {
        using var process = Start(WithBucket(arguments));
        return await EndAsync(process);
    }

    static async Task<(int Status, string[] Lines)> EndAsync(Process process)
    {
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    async Task AssertNothingStayedAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Token);
        Assert.Equal(["demo"], await NamesAsync("projects"));
        Assert.Equal(["demo"], await NamesAsync("stores"));
        Assert.Equal(0, server.Buckets[Bucket].Count);

        async Task<IEnumerable<string?>> NamesAsync(string list)
        {
            var page = await http.GetFromJsonAsync<JsonElement>($"/api/v0/{list}/");
            return page.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("name").GetString());
        }
    }
}

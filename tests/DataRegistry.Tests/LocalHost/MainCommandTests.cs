using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;

namespace DataRegistry.Tests.LocalHost;

/// <summary>The main command, as a separate process. Its printed commands work, and it leaves nothing behind.</summary>
public sealed class MainCommandTests
{
    /// <summary>The demo project's id.</summary>
    const string Project = "0198c0de-0000-7000-8000-000000000001";

    [Fact]
    public async Task It_says_what_it_waits_for_its_commands_do_as_they_say_and_it_ends_with_its_children()
    {
        await using var command = await LocalHostCommand.StartAsync(
            "--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        var url = command.Url;
        Assert.Matches(@"^http://127\.0\.0\.1:\d+$", url);
        Assert.Contains(command.Lines, l => l.Trim() == $"Console  {url}/console/");
        Assert.Contains("<title>Data Registry</title>", await ShellAsync($"curl -sSL {url}/"), StringComparison.Ordinal);

        var curls = command.Lines.Where(
            l => l.Contains("curl ", StringComparison.Ordinal)).Select(l => l[l.IndexOf("curl ", StringComparison.Ordinal)..]).ToList();
        Assert.Equal(4, curls.Count);
        var answers = new List<JsonElement>();
        foreach (var curl in curls[..3])
            answers.Add(JsonDocument.Parse(await ShellAsync(curl)).RootElement);
        Assert.True(answers[0].GetProperty("ok").GetBoolean());
        Assert.Equal("s3://demo/readme.txt already exists in demo", answers[1].GetProperty("message").GetString());
        Assert.Equal("adoptable_file_not_found", answers[2].GetProperty("code").GetString());

        // Changes an adopted object in the bucket, with the printed address and keys.
        Assert.False(answers[1].TryGetProperty("changed", out _));
        Assert.Equal("", await ShellAsync(curls[3]));
        Assert.True(JsonDocument.Parse(await ShellAsync(curls[1])).RootElement.GetProperty("changed").GetBoolean());
        Assert.Contains(
            command.Lines,
            l => Regex.IsMatch(
                l, @"^Sample bucket  s3://demo/ at the endpoint http://127\.0\.0\.1:\d+, access key ID local, secret local$"));
        Assert.Equal(
            ["Starting the storage emulator…", "Filling the sample bucket with 200 objects…", "Starting the service…"],
            command.Lines.Where(l => l.EndsWith('…') && !l.StartsWith("Fetching", StringComparison.Ordinal)
                && !l.StartsWith("Still", StringComparison.Ordinal)));

        var children = (await ShellAsync($"pgrep -P {command.Id} || true")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(children);
        await ShellAsync($"kill -INT {command.Id}");
        Assert.Equal(0, await command.ExitCodeAsync());
        Assert.All(children, child => Assert.False(Directory.Exists($"/proc/{child}"), $"Process {child} is still there."));
    }

    [Fact]
    public async Task Its_children_end_although_it_is_killed()
    {
        await using var command = await LocalHostCommand.StartAsync(
            "--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        var children = (await ShellAsync($"pgrep -P {command.Id}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await ShellAsync($"kill -KILL {command.Id}");
        await Eventually.IsTrueAsync(
            () => !Array.Exists(children, child => Directory.Exists($"/proc/{child}") && !IsZombie(child)), "the children have ended");
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_job_that_runs_when_it_is_stopped_goes_on_at_the_next_start(string signal)
    {
        const int Count = 3000;
        await using var bucket = await BucketServer.StartAsync();
        foreach (var number in Enumerable.Range(0, Count))
            bucket.CreateBucket("kept").Put($"{number:D5}", [1]);
        // Its windows take long enough for the signal to come in between.
        bucket.Faults = new() { Delay = 1, DelayMilliseconds = 50 };
        var account = await AzuriteFixture.NewAccountAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = account,
            ["Stores__SecretKey"] = Convert.ToBase64String(new byte[32]),
            ["Adoption__WindowKeys"] = "50",
        };
        string[] arguments = ["--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only"];
        string job;
        await using (var command = await LocalHostCommand.StartAsync(settings, arguments))
        {
            using var http = command.NewClient();
            var store = await PostAsync(
                http, "/api/v0/stores/",
                new
                {
                    name = "kept",
                    configuration = new
                    {
                        bucket = "kept",
                        endpoint_url = bucket.Url,
                        access_key_id = "key",
                        secret_access_key = "a-secret-of-the-tests-only",
                    },
                });
            job = (await PostAsync(
                http, $"/api/v0/stores/{store.GetProperty("id").GetString()}/adopt/",
                new { prefix = "s3://kept/", project = Project })).GetProperty("id").GetString()!;
            await Eventually.IsTrueAsync(async () => Created(await JobAsync(http, job)) > 0, "a window");
            await ShellAsync($"kill -{signal} {command.Id}");
            var exit = await command.ExitCodeAsync();
            Assert.True(signal == "KILL" || exit == 0, $"{exit}: {command.Errors}");
            Assert.Equal("", command.Errors);
            Assert.DoesNotContain("fail: ", await command.RestAsync(), StringComparison.Ordinal);
        }

        bucket.Faults = FaultPlan.None;
        await using (var command = await LocalHostCommand.StartAsync(settings, arguments))
        {
            using var http = command.NewClient();
            Assert.Contains(command.Lines, l => l.Contains($"Job {job} is resumed", StringComparison.Ordinal));
            await Eventually.IsTrueAsync(
                async () => (await JobAsync(http, job)).GetProperty("status").GetString() is not "running", "the job's end");
            var end = await JobAsync(http, job);
            Assert.Equal(("completed", Count), (end.GetProperty("status").GetString(), Created(end)));
        }
    }

    [Theory]
    [InlineData("--token has fewer than 20 characters. Give a longer one, or leave it out: one is made.", "--token", "short")]
    [InlineData("--count is a number, 0 or more.", "--count", "-1")]
    [InlineData("--count is a number, 0 or more.", "--count", "many")]
    [InlineData("--urls: Invalid url: 'nonsense'", "--urls", "nonsense")]
    [InlineData("--urls: a port is at most 65535.", "--urls", "http://127.0.0.1:99999")]
    [InlineData("--urls: only http:// addresses are served here.", "--urls", "https://127.0.0.1:0")]
    [InlineData("Unrecognized command or argument '--tokn'.", "--tokn")]
    public async Task A_command_line_that_is_wrong_is_one_clear_line(string error, params string[] arguments)
    {
        await using var command = await LocalHostCommand.StartAsync(["--memory", .. arguments]);
        Assert.Equal(1, await command.ExitCodeAsync());
        Assert.Equal([error], command.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.DoesNotContain(command.Lines, l => l.Length > 0);
    }

    [Fact]
    public async Task A_token_of_the_settings_that_is_too_short_is_one_clear_line()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Access__AdministratorToken"] = "a-short-token" };
        await using var command = await LocalHostCommand.StartAsync(settings, "--memory", "--urls", "http://127.0.0.1:0");
        Assert.Equal(1, await command.ExitCodeAsync());
        Assert.Equal("The setting Access__AdministratorToken has fewer than 20 characters. Generate a longer one.", command.Errors.Trim());
    }

    [Fact]
    public async Task A_taken_port_is_one_clear_line()
    {
        await using var first = await LocalHostCommand.StartAsync(
            "--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        var url = first.Url;
        await using var second = await LocalHostCommand.StartAsync("--memory", "--urls", url, "--token", "a-token-of-the-tests-only");
        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.Equal($"{url} is taken by another program: stop it, or choose another address with --urls.", second.Errors.Trim());
    }

    [Fact]
    public async Task A_development_token_is_not_let_out_of_the_machine()
    {
        await using var command = await LocalHostCommand.StartAsync("--memory", "--urls", "http://0.0.0.0:0");
        Assert.Equal(1, await command.ExitCodeAsync());
        Assert.Contains("Access__AdministratorToken", command.Errors, StringComparison.Ordinal);
    }

    static int Created(JsonElement job) => job.GetProperty("counts").GetProperty("created").GetInt32();

    static async Task<JsonElement> JobAsync(HttpClient http, string job) =>
        await http.GetFromJsonAsync<JsonElement>($"/api/v0/adoptions/{job}/");

    static async Task<JsonElement> PostAsync(HttpClient http, string path, object body)
    {
        using var response = await http.PostAsJsonAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    static bool IsZombie(string process) => Regex.IsMatch(File.ReadAllText($"/proc/{process}/stat"), @"\) Z ");

    static async Task<string> ShellAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo(
            "bash", ["-c", command])
        { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, await shell.StandardError.ReadToEndAsync());
        return output;
    }
}

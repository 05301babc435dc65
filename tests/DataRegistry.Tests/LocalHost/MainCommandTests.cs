using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Host;

namespace DataRegistry.Tests.LocalHost;

/// <summary>The one command, as a process of its own: what it prints works when pasted, and nothing of it stays behind.</summary>
public sealed class MainCommandTests
{
    [Fact]
    public async Task It_gets_ready_its_three_commands_answer_as_they_say_and_it_ends_with_its_children()
    {
        await using var command = await LocalHostCommand.StartAsync("--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        Assert.Matches(@"^ready http://127\.0\.0\.1:\d+$", command.Lines[^1]);

        var url = command.Lines[^1]["ready ".Length..];
        Assert.Contains(command.Lines, l => l.Trim() == $"Console  {url}/console/");
        Assert.Contains("<title>Data Registry</title>", await ShellAsync($"curl -sSL {url}/"), StringComparison.Ordinal);

        var curls = command.Lines.Where(l => l.Contains("curl ", StringComparison.Ordinal)).Select(l => l[l.IndexOf("curl ", StringComparison.Ordinal)..]).ToList();
        Assert.Equal(3, curls.Count);
        var answers = new List<JsonElement>();
        foreach (var curl in curls)
            answers.Add(JsonDocument.Parse(await ShellAsync(curl)).RootElement);
        Assert.True(answers[0].GetProperty("ok").GetBoolean());
        Assert.Equal("s3://demo/readme.txt already exists in demo", answers[1].GetProperty("message").GetString());
        Assert.Equal("adoptable_file_not_found", answers[2].GetProperty("code").GetString());

        var children = (await ShellAsync($"pgrep -P {command.Id} || true")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(children);
        await ShellAsync($"kill -INT {command.Id}");
        Assert.Equal(0, await command.ExitCodeAsync());
        Assert.All(children, child => Assert.False(Directory.Exists($"/proc/{child}"), $"Process {child} is still there."));
    }

    [Fact]
    public async Task Its_children_end_although_it_is_killed()
    {
        await using var command = await LocalHostCommand.StartAsync("--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        var children = (await ShellAsync($"pgrep -P {command.Id}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await ShellAsync($"kill -KILL {command.Id}");
        await Eventually.IsTrueAsync(() => !Array.Exists(children, child => Directory.Exists($"/proc/{child}") && !IsZombie(child)), "the children have ended");
    }

    [Fact]
    public async Task A_taken_port_is_one_clear_line()
    {
        await using var first = await LocalHostCommand.StartAsync("--memory", "--urls", "http://127.0.0.1:0", "--token", "a-token-of-the-tests-only");
        var url = first.Lines[^1]["ready ".Length..];
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

    static bool IsZombie(string process) => Regex.IsMatch(File.ReadAllText($"/proc/{process}/stat"), @"\) Z ");

    static async Task<string> ShellAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, await shell.StandardError.ReadToEndAsync());
        return output;
    }
}

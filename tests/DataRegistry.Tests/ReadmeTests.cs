using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests;

/// <summary>Runs README's console blocks as they are, with bash and curl, on the service with LocalHost's demo data.</summary>
public sealed partial class ReadmeTests : IAsyncLifetime
{
    const string Mark = "-- next command --";

    TestService service = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        var demo = service.Server.CreateBucket("demo");
        demo.Put("readme.txt", "Demo object readme.txt\n"u8.ToArray());
        await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(
            Guid.Parse("0198c0de-0000-7000-8000-000000000001"), "demo", default);
        await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            new()
            {
                Id = Guid.Parse("0198c0de-0000-7000-8000-000000000002"),
                Name = "demo",
                Configuration = new("demo", null, service.Server.Url, "local", "local", null),
            }, default);
        await service.Http.StatusAsync("DELETE", $"/api/v0/stores/{service.Store.Id}/");
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [UnixFact]
    public async Task Every_command_of_the_readme_answers_as_it_says_there()
    {
        var commands = await CommandsAsync();
        Assert.True(commands.Count > 10);
        var script = new StringBuilder("set -euo pipefail\n");
        foreach (var (command, _) in commands)
            script.Append(
                command.Replace("http://127.0.0.1:7071", service.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal))
                .Append($"\necho\necho '{Mark}'\n");
        var start = new ProcessStartInfo(
            "bash", ["-c", script.ToString()])
        { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["TOKEN"] = TestService.Token;
        using var bash = Process.Start(start)!;
        var errors = bash.StandardError.ReadToEndAsync();
        var answers = (await bash.StandardOutput.ReadToEndAsync()).Split($"\n{Mark}\n")[..^1];
        await bash.WaitForExitAsync();
        foreach (var (c, a) in commands.Zip(answers))
            Assert.Equal($"{c.Command}\n{Plain(c.Answer)}", $"{c.Command}\n{Plain(a)}");
        Assert.Equal(commands.Count, answers.Length);
        Assert.Equal("", await errors);
    }

    /// <summary>The commands after a <c>$</c>, possibly on several lines, and the lines after each.</summary>
    static async Task<List<(string Command, string Answer)>> CommandsAsync([CallerFilePath] string caller = "")
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(caller)!, "..", "..", "README.md"));
        var commands = new List<(string Command, string Answer)>();
        foreach (var line in Blocks().Matches(readme).SelectMany(b => b.Groups["commands"].Value.Split('\n')))
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
                commands.Add((line[2..], ""));
            else if (commands[^1].Command.EndsWith('\\'))
                commands[^1] = ($"{commands[^1].Command}\n{line}", "");
            else
                commands[^1] = (commands[^1].Command, commands[^1].Answer + line);
        }

        return commands;
    }

    /// <summary>The answer without parts that differ from run to run.</summary>
    static string Plain(string answer) =>
        Token().Replace(Time().Replace(Port().Replace(Id().Replace(answer.Trim(), "<id>"), "<host>"), "<time>"), "<token>");

    [GeneratedRegex("^```console\n(?<commands>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();

    // LocalHost's own ids are the same in each run.
    [GeneratedRegex("(?!0198c0de-)[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")]
    private static partial Regex Time();

    [GeneratedRegex(@"127\.0\.0\.1:\d+")]
    private static partial Regex Port();

    [GeneratedRegex("dr_[A-Za-z0-9_-]{43}")]
    private static partial Regex Token();
}

/// <summary>Skipped, with the reason, without bash and curl.</summary>
sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "The commands are for bash." : null;
}

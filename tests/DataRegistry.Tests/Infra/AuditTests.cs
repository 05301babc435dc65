using System.Diagnostics;
using System.Runtime.Versioning;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Infra;

/// <summary>
/// <c>.ci/audit</c> with stand-ins for its commands. Only a command that reports on every project proves that there are
/// no vulnerabilities.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class AuditTests : IDisposable
{
    const string Good = "The given project `{0}` has no vulnerable packages given the current sources.";

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [UnixFact]
    public async Task A_feed_without_a_list_is_not_checked()
    {
        foreach (var index in new[] { "echo '{\"resources\":[]}'", "exit 22" })
        {
            var (status, output) = await AuditAsync(index, "exit 1");
            Assert.Equal(0, status);
            Assert.Contains("NuGet packages: not checked, https://feed.example has no list of vulnerabilities.", output,
                StringComparison.Ordinal);
        }
    }

    [UnixFact]
    public async Task A_list_of_all_projects_without_vulnerabilities_is_success()
    {
        var (status, output) = await AuditAsync(WithList, List([Good, Good, Good]));
        Assert.True(status == 0, output);
        Assert.Contains("NuGet packages: no known vulnerabilities.", output, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task Everything_else_fails_and_shows_what_was_said()
    {
        foreach (var (what, list) in new[]
        {
            ("a vulnerability", List([Good, "Project `{0}` has the following vulnerable packages", Good])),
            ("a failure", "echo 'error: nothing'; exit 1"), ("a failure after the list", List([Good, Good, Good]) + "; exit 1"),
                ("silence", "true"),
            ("a project left out", List([Good, Good])), ("another feed", List(["The given project `{0}` is fine.", Good, Good])),
        })
        {
            var (status, output) = await AuditAsync(WithList, list);
            Assert.True(status != 0, what);
            Assert.DoesNotContain("no known vulnerabilities", output, StringComparison.Ordinal);
            Assert.Contains("NuGet packages: vulnerable, or not listed", output, StringComparison.Ordinal);
        }
    }

    const string WithList = "echo '{\"@type\":\"VulnerabilityInfo/6.7.0\"}'";

    static string List(string[] lines) =>
        string.Join("; ", lines.Select((line, i) => $"echo '{line.Replace("{0}", $"P{i}", StringComparison.Ordinal)}'"));

    /// <param name="index">The feed's answer, as a command.</param>
    /// <param name="list">The list of packages, as a command.</param>
    async Task<(int Status, string Output)> AuditAsync(string index, string list)
    {
        var root = Directory.CreateDirectory(Path.Combine(folder.FullName, "repository"));
        var ci = Directory.CreateDirectory(Path.Combine(root.FullName, ".ci"));
        File.Copy(Path.Combine(AzuriteFixture.RepositoryRoot(), ".ci", "audit"), Path.Combine(ci.FullName, "audit"), overwrite: true);
        await File.WriteAllTextAsync(
            Path.Combine(root.FullName, "Functions.sln"),
            string.Concat(Enumerable.Range(0, 3)
                .Select(i => $"Project(\"{{GUID}}\") = \"P{i}\", \"src\\P{i}\\P{i}.csproj\", \"{{GUID}}\"\n"))
                + "Project(\"{GUID}\") = \"src\", \"src\", \"{GUID}\"\n");
        Program("curl", index);
        Program("dotnet", $"if [ \"$1\" = nuget ]; then echo 'E https://feed.example'; else {list}; fi");
        var start = new ProcessStartInfo("bash", [Path.Combine(ci.FullName, "audit")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }

    void Program(string name, string body)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, $"#!/usr/bin/env bash\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

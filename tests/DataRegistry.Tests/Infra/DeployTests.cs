using System.Diagnostics;
using System.Runtime.Versioning;

namespace DataRegistry.Tests.Infra;

/// <summary><c>infra/deploy</c> with stand-ins for its commands, for different answers and failures of Azure.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeployTests : IDisposable
{
    const string Vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/";
    const string Secrets = "stores-secret-key\naccess-signing-key\naccess-administrator-token";

    /// <summary>The output of the stand-in for <c>openssl rand -hex 24</c>.</summary>
    const string Token = "random-hex-24";

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [UnixFact]
    public async Task The_first_deployment_makes_every_secret_and_shows_the_administrators_token_once()
    {
        var (status, output, log) = await DeployAsync("");
        Assert.Equal((0, 1), (status, Times(output, Token)));
        Assert.Contains($"secrets: random-base64-32 random-base64-32 {Token}\n", log, StringComparison.Ordinal);
        Assert.Contains("dotnet publish", log, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task A_vault_keeps_what_it_has_whatever_the_shell_has_by_these_names()
    {
        var (status, output, log) = await DeployAsync(Vaults("a") + Page($"{Vault}a/secrets", $"\n{Secrets}"));
        Assert.Equal((0, 0), (status, Times(output, "token, shown")));
        Assert.Contains("secrets:   \n", log, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task Secrets_are_looked_for_in_every_vault_and_on_every_page()
    {
        var (_, _, log) = await DeployAsync(
            Vaults("a", "b") + Page($"{Vault}a/secrets", "\nothers\nnot-stores-secret-key")
                + Page($"{Vault}b/secrets", "https://next\nothers") + Page("https://next", "\nstores-secret-key"));
        Assert.Contains($"secrets:  random-base64-32 {Token}\n", log, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task A_look_up_that_fails_ends_it_before_anything_is_changed()
    {
        foreach (var failing in new[] { "keyvault list *", "rest *", "* https://next *" })
        {
            var (status, output, log) = await DeployAsync(
                Fails(failing) + Vaults("a") + Page($"{Vault}a/secrets", "https://next\nothers") + Page("https://next", $"\n{Secrets}"));
            Assert.NotEqual(0, status);
            Assert.DoesNotContain("deployment group create", log, StringComparison.Ordinal);
            Assert.DoesNotContain(Token, output, StringComparison.Ordinal);
        }
    }

    [UnixFact]
    public async Task The_token_is_shown_once_also_where_something_fails_later()
    {
        foreach (var failing in new[] { "deployment group create *", "deployment group show *", "functionapp deployment *" })
        {
            var (status, output, _) = await DeployAsync(Fails(failing));
            Assert.NotEqual(0, status);
            Assert.Equal(1, Times(output, Token));
        }
    }

    [UnixFact]
    public async Task The_provider_of_networks_is_registered_where_it_is_not_and_who_may_not_deploys_all_the_same()
    {
        var (_, _, registered) = await DeployAsync("");
        Assert.DoesNotContain("provider register", registered, StringComparison.Ordinal);
        var (status, output, log) = await DeployAsync("\"provider show \"*) echo NotRegistered ;;\n" + Fails("provider register *"));
        Assert.Equal(0, status);
        Assert.Contains("az provider register -n Microsoft.App --wait", log, StringComparison.Ordinal);
        Assert.Contains("privateNetwork needs the provider Microsoft.App", output, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task What_a_former_release_let_the_apps_identity_write_is_taken_from_it_after_the_app_is_there()
    {
        var (_, _, without) = await DeployAsync("");
        Assert.DoesNotContain("role assignment delete", without, StringComparison.Ordinal);
        var (status, _, log) = await DeployAsync("\"role assignment list \"*) printf '/one\\r\\n/two\\r\\n' ;;\n");
        Assert.Equal(0, status);
        Assert.Contains("az role assignment list --scope ", log, StringComparison.Ordinal);
        Assert.Contains("--role Storage Blob Data Owner", log, StringComparison.Ordinal);
        var lines = log.Split('\n').ToList();
        Assert.Equal(2, lines.Count(
            l => l is "az role assignment delete --ids /one -o none" or "az role assignment delete --ids /two -o none"));
        Assert.True(lines.FindIndex(l => l.Contains("config-zip", StringComparison.Ordinal)) < lines.FindIndex(
            l => l.Contains("role assignment", StringComparison.Ordinal)));
    }

    /// <param name="cases">Of a shell's <c>case</c>: answers of <c>az</c> to some arguments, before the default
    /// answers.</param>
    async Task<(int Status, string Output, string Log)> DeployAsync(string cases)
    {
        var log = Path.Combine(folder.FullName, "log");
        File.Delete(log);
        Program("az", $"""
            case "$*" in
            "deployment group create "*) echo "secrets: $STORES_SECRET_KEY $ACCESS_SIGNING_KEY $ACCESS_ADMINISTRATOR_TOKEN" >>'{log}' ;;
            esac
            case "$*" in
            {cases}"provider show "*) echo Registered ;;
            "deployment group show "*) echo something ;;
            esac
            """);
        Program("openssl", "echo \"random$2-$3\"");
        Program("dotnet", """while [ "$1" != -o ]; do shift; done; mkdir -p "$2" """);
        Program("zip", "");
        var start = new ProcessStartInfo("bash", [Path.Combine(Bicep.Folder, "deploy"), "g", "westeurope"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}", ["STORES_SECRET_KEY"] = "of-the-shell",
                ["ACCESS_ADMINISTRATOR_TOKEN"] = "of-the-shell",
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors, await File.ReadAllTextAsync(log));

        void Program(string name, string body)
        {
            var path = Path.Combine(folder.FullName, name);
            File.WriteAllText(path, $"#!/usr/bin/env bash\necho \"{name} $*\" >>'{log}'\n{body}\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    static string Vaults(params string[] names) =>
        $"\"keyvault list \"*) printf '{string.Concat(names.Select(n => $"{Vault}{n}\\n"))}' ;;\n";

    /// <summary>With the line ends of Windows.</summary>
    static string Page(string url, string lines) => $"*{url}*) printf '{lines.ReplaceLineEndings("\\r\\n")}\\r\\n' ;;\n";

    static string Fails(string arguments) => $"{arguments.Replace(" ", "\\ ", StringComparison.Ordinal)}) echo 'Not now.' >&2; exit 1 ;;\n";

    static int Times(string text, string part) => text.Split(part).Length - 1;
}

using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Configuration;

namespace DataRegistry.Tests;

/// <summary>The code, <c>local.settings.example.json</c> and infra/settings.md name the same settings, with the same defaults.</summary>
public sealed partial class SettingsTests
{
    static readonly string[] Prefixes = ["AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "OTEL_", "APPLICATIONINSIGHTS_"];

    static Dictionary<string, string> Example { get; } = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AzuriteFixture.RepositoryRoot(), "local.settings.example.json")))
        .RootElement.GetProperty("Values").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);

    static Dictionary<string, string> Code { get; } = typeof(Registry).Assembly.GetTypes()
        .Where(t => t.GetField("Section", BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true })
        .SelectMany(t => t.GetProperties().Select(p => (
            Name: $"{t.GetField("Section")!.GetRawConstantValue()}__{p.Name}",
            Default: Convert.ToString(p.GetValue(Activator.CreateInstance(t)), CultureInfo.InvariantCulture) ?? "")))
        .ToDictionary(s => s.Name, s => s.Default);

    [Fact]
    public void The_example_has_every_setting_of_the_code_with_its_default_and_no_other() =>
        Assert.Equal(
            Code.OrderBy(s => s.Key, StringComparer.Ordinal),
            Example.Where(
                s => !Array.Exists(Prefixes, p => s.Key.StartsWith(p, StringComparison.Ordinal))).OrderBy(
                    s => s.Key, StringComparer.Ordinal));

    [Fact]
    public void The_table_has_every_setting_of_the_example_with_its_default_and_no_other()
    {
        var document = File.ReadAllText(Path.Combine(AzuriteFixture.RepositoryRoot(), "infra", "settings.md"));
        var table = SettingRow().Matches(document).Select(m => KeyValuePair.Create(m.Groups["name"].Value, m.Groups["default"].Value));
        Assert.Equal(Example.OrderBy(s => s.Key, StringComparer.Ordinal), table.OrderBy(s => s.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void The_example_is_a_storage_account_that_can_be_opened()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                Example.Select(s => KeyValuePair.Create(s.Key.Replace("__", ":", StringComparison.Ordinal), (string?)s.Value))).Build();
        Assert.Equal(
            "http://127.0.0.1:10002/devstoreaccount1", StorageAccount.FromConfiguration(configuration).Tables.Uri.ToString().TrimEnd('/'));
    }

    // A row of the table: name, default or nothing, meaning.
    [GeneratedRegex(@"^\| `(?<name>[A-Za-z_]+)` \| (`(?<default>[^`]+)` )?\| \S", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex SettingRow();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Adoption;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Infra;

/// <summary><c>infra</c> and the code name the same settings, functions, queues, tables and log lines.</summary>
public sealed partial class InfraTests
{
    /// <summary>Of other ways to run: the emulator's, the account by its name, and what Flex Consumption takes from the site's runtime.</summary>
    static readonly string[] NotOnAzure = ["AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "FUNCTIONS_WORKER_RUNTIME"];

    [Fact]
    public async Task Every_setting_of_the_code_is_set_or_can_be_given_and_no_other()
    {
        var example = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AzuriteFixture.RepositoryRoot(), "local.settings.example.json")))
            .RootElement.GetProperty("Values").EnumerateObject().Select(p => p.Name);
        var given = (await BicepFiles.TreeAsync("modules/settings.bicep")).Own("type_declaration").Single().Children[^1].Properties.Select(p => p.Name);
        var set = (await AppSettingsAsync()).Properties.Select(p => p.Name);
        Assert.Equal(example.Except(NotOnAzure).Order(StringComparer.Ordinal), given.Union(set).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_secret_that_a_setting_refers_to_is_put_into_the_vault()
    {
        var referred = (await AppSettingsAsync()).Properties.Select(p => p.Value).Where(v => v.Type == "string" && v.Literal.StartsWith("@Microsoft.KeyVault", StringComparison.Ordinal))
            .Select(v => v.Literal[(v.Literal.LastIndexOf('/') + 1)..].TrimEnd(')')).Order(StringComparer.Ordinal).ToList();
        var kept = (await BicepFiles.TreeAsync("modules/vault.bicep")).Own("resource_declaration").Where(r => r.Children[1].Literal.Contains("/secrets@", StringComparison.Ordinal))
            .Select(r => r.Body.Property("name")!.Literal).Order(StringComparer.Ordinal);
        Assert.Equal(3, referred.Count);
        Assert.Equal(kept, referred);
        var deploy = await File.ReadAllTextAsync(Path.Combine(BicepFiles.Folder, "deploy"));
        Assert.All(referred, name => Assert.Contains($"has {name} ||", deploy, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Queues_tables_and_containers_are_those_of_the_code()
    {
        var tree = await BicepFiles.TreeAsync("modules/storage.bicep");
        IEnumerable<string> Names(string variable) => tree.Own("variable_declaration").Single(v => v.Name == variable).Children[^1].Children.Select(c => c.Literal);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["AzureWebJobsStorage"] = "UseDevelopmentStorage=true";
        builder.Services.AddDataRegistry(builder.Configuration);
        await using var app = builder.Build();

        Assert.Equal(Registry.QueueFunctions.Select(f => f.Queue).Order(StringComparer.Ordinal), Names("queues").Order(StringComparer.Ordinal));
        Assert.Equal(app.Services.GetServices<IStoredTable>().Select(t => t.Table.Name).Distinct().Order(StringComparer.Ordinal), Names("tables").Order(StringComparer.Ordinal));
        Assert.Equal([app.Services.GetRequiredService<JobBlobs>().Container.Name], Names("containers"));
    }

    /// <summary>https://learn.microsoft.com/azure/role-based-access-control/built-in-roles</summary>
    [Fact]
    public async Task The_identity_has_the_roles_that_it_needs_and_no_other()
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
            ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
            ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
            ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
            ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        };
        var files = await BicepFiles.AllAsync();
        var named = files.Values.SelectMany(f => f.Tree.All("string")).Where(s => s.IsPlain && Guid.TryParse(s.Literal, out _)).Select(s => s.Literal).Distinct();
        Assert.Equal(roles.Keys.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        Assert.All(
            files["modules/storage.bicep"].Tree.Own("variable_declaration").Single(v => v.Name == "roles").Children[^1].Properties,
            role => Assert.Equal(roles[role.Value.Literal], role.Name));
    }

    [Fact]
    public async Task Alerts_ask_for_functions_and_log_lines_that_there_are()
    {
        var functions = Registry.QueueFunctions.Select(f => f.Name).Concat(Registry.TimerFunctions.Select(f => f.Name)).ToHashSet(StringComparer.Ordinal);
        var lines = LogLines().ToList();
        var rules = (await BicepFiles.TreeAsync("modules/alerts.bicep")).Own("variable_declaration").Single(v => v.Name == "rules").Children[^1].Children;
        Assert.NotEmpty(rules);
        foreach (var rule in rules)
        {
            var query = rule.Property("query")!.Literal;
            // Telemetry/AlertTests looks at these.
            if (query.StartsWith("customMetrics", StringComparison.Ordinal))
                continue;
            var words = Quoted().Matches(query).Select(m => m.Groups["text"].Value).ToList();
            Assert.NotEmpty(words);
            if (query.StartsWith("requests", StringComparison.Ordinal))
                Assert.All(words, word => Assert.Contains(word, functions));
            else
                Assert.All(words, word => Assert.True(lines.Exists(line => Matches(query, word, line)), $"{word} is in no log line"));
        }

        // Poison is what both queues' last functions take.
        var poison = rules.Single(r => r.Property("name")!.Literal == "poison-messages").Property("query")!.Literal;
        Assert.All(Registry.QueueFunctions.Where(f => f.Queue.EndsWith("-poison", StringComparison.Ordinal)), f => Assert.Contains($"\"{f.Name}\"", poison, StringComparison.Ordinal));
    }

    /// <summary>Tables of Application Insights and what host.json calls their rows: https://learn.microsoft.com/azure/azure-functions/functions-host-json</summary>
    [Fact]
    public async Task No_row_that_an_alert_counts_is_sampled()
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal) { ["requests"] = "Request", ["traces"] = "Trace" };
        var counted = (await BicepFiles.TreeAsync("modules/alerts.bicep")).Own("variable_declaration").Single(v => v.Name == "rules").Children[^1].Children
            .Select(r => r.Property("query")!.Literal.Split(' ')[0]).Where(table => table != "customMetrics").Select(table => types[table]).Distinct().Order(StringComparer.Ordinal);
        foreach (var file in new[] { "host.json", "src/Functions/Worker/host.json" })
        {
            var host = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AzuriteFixture.RepositoryRoot(), file))).RootElement;
            var kept = host.GetProperty("logging").GetProperty("applicationInsights").GetProperty("samplingSettings").GetProperty("excludedTypes").GetString()!.Split(';');
            Assert.Equal(counted, kept.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task What_the_scripts_and_the_parameters_file_name_is_in_the_main_file()
    {
        var main = await BicepFiles.TreeAsync("main.bicep");
        var parameters = main.Own("parameter_declaration").Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var outputs = main.Own("output_declaration").Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        async Task<string> TextAsync(string file) => await File.ReadAllTextAsync(Path.Combine(BicepFiles.Folder, file));

        Assert.All(Assigned().Matches(await TextAsync("main.bicepparam")), m => Assert.Contains(m.Groups["name"].Value, parameters));
        var asked = ScriptOutput().Matches(await TextAsync("deploy") + await TextAsync("verify")).Select(m => m.Groups["name"].Value).ToList();
        Assert.NotEmpty(asked);
        Assert.All(asked, name => Assert.Contains(name, outputs));
        Assert.All(ScriptParameter().Matches(await TextAsync("deploy")), m => Assert.Contains(m.Groups["name"].Value, parameters));
    }

    static async Task<BicepNode> AppSettingsAsync()
    {
        var settings = (await BicepFiles.TreeAsync("modules/app.bicep")).Own("resource_declaration").Single(r => r.Body.Property("name")?.Literal == "appsettings");
        var objects = settings.Body.Property("properties")!.All("object").ToList();
        return new("object", "", [.. objects.SelectMany(o => o.Children)]);
    }

    /// <summary>Messages of all log lines, with a value that none has for what is put into them.</summary>
    static IEnumerable<string> LogLines() => typeof(Registry).Assembly.GetTypes()
        .SelectMany(t => t.GetMethods(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic))
        .SelectMany(m => m.GetCustomAttributes(typeof(LoggerMessageAttribute), inherit: false).Cast<LoggerMessageAttribute>())
        .Select(l => l.Message.Replace("{Job}", Guid.Empty.ToString("D"), StringComparison.Ordinal));

    static bool Matches(string query, string word, string line) => query.Contains($"regex \"{word}\"", StringComparison.Ordinal)
        ? Regex.IsMatch(line, word, RegexOptions.None, TimeSpan.FromSeconds(1))
        : line.Contains(word, StringComparison.Ordinal);

    [GeneratedRegex("\"(?<text>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^param (?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assigned();

    // deploy asks for properties, verify for outputs by name.
    [GeneratedRegex(@"output (outputs\.)?(?<name>(?!outputs|parameters)\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ScriptOutput();

    [GeneratedRegex(@"output parameters\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ScriptParameter();
}

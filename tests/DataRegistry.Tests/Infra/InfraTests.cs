using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Datasets;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Triggers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Infra;

/// <summary><c>infra</c> and the code name the same settings, functions, queues, tables and log lines.</summary>
public sealed partial class InfraTests
{
    /// <summary>
    /// Settings of the Functions host, which the code does not read.
    /// https://learn.microsoft.com/azure/azure-functions/functions-app-settings
    /// </summary>
    static readonly string[] HostSettings =
    [
        "AzureWebJobsDisableHomepage", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    ];

    /// <summary>
    /// Settings of other ways to run: the emulator, the account by its name, and those that Flex Consumption takes from
    /// the site's runtime.
    /// </summary>
    static readonly string[] NotOnAzure = ["AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "FUNCTIONS_WORKER_RUNTIME"];

    [BicepFact]
    public async Task Every_file_compiles_without_a_warning()
    {
        var (status, _, diagnostics) = await Bicep.RunAsync(Bicep.Folder, "lint", "--pattern", "**/*.bicep");
        Assert.Equal((0, ""), (status, diagnostics));
        (status, _, diagnostics) = await Bicep.RunAsync(Bicep.Folder, "build-params", "main.bicepparam", "--stdout");
        Assert.Equal((0, ""), (status, diagnostics));
    }

    [BicepFact]
    public async Task A_setting_that_does_not_exist_is_an_error()
    {
        var (status, diagnostics) = await Bicep.InCopyAsync(async folder =>
        {
            var parameters = "using 'main.bicep'\nparam settings = { Adoption__WorkersPerStores: '32' }\n";
            await File.WriteAllTextAsync(Path.Combine(folder, "wrong.bicepparam"), parameters);
            var (status, _, diagnostics) = await Bicep.RunAsync(folder, "build-params", "wrong.bicepparam", "--stdout");
            return (status, diagnostics);
        });
        Assert.NotEqual(0, status);
        Assert.Contains("The property \"Adoption__WorkersPerStores\" is not allowed", diagnostics, StringComparison.Ordinal);
    }

    [BicepFact]
    public async Task Every_setting_of_the_code_is_set_or_can_be_given_and_no_other()
    {
        var example = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(AzuriteFixture.RepositoryRoot(), "local.settings.example.json")))
            .RootElement.GetProperty("Values").EnumerateObject().Select(p => p.Name);
        var given = Names((await Bicep.TemplateAsync()).GetProperty("definitions").GetProperty("AppSettings").GetProperty("properties"));
        var set = Names(await AppSettingsAsync());
        Assert.Contains("Adoption__WorkersPerStore", set);
        Assert.Equal(
            example.Except(NotOnAzure).Order(StringComparer.Ordinal), given.Union(set).Except(HostSettings).Order(StringComparer.Ordinal));
    }

    [BicepFact]
    public async Task Every_secret_that_a_setting_refers_to_is_put_into_the_vault()
    {
        var referred = (await AppSettingsAsync()).EnumerateObject().Select(
            p => Reference().Match(p.Value.GetString()!)).Where(m => m.Success)
            .Select(m => m.Groups["secret"].Value).Order(StringComparer.Ordinal).ToList();
        var kept = (await Bicep.ResourcesAsync("Microsoft.KeyVault/vaults/secrets")).Select(Bicep.LastName).Order(StringComparer.Ordinal);
        Assert.Equal(3, referred.Count);
        Assert.Equal(kept, referred);
        var deploy = await File.ReadAllTextAsync(Path.Combine(Bicep.Folder, "deploy"));
        Assert.All(referred, name => Assert.Contains($"has {name} ||", deploy, StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Queues_tables_and_containers_are_those_of_the_code()
    {
        static async Task<IEnumerable<string>> NamesAsync(string type) =>
            (await Bicep.ResourcesAsync($"Microsoft.Storage/storageAccounts/{type}")).Select(Bicep.LastName).Order(StringComparer.Ordinal);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["AzureWebJobsStorage"] = "UseDevelopmentStorage=true";
        builder.Services.AddDataRegistry(builder.Configuration);
        await using var app = builder.Build();

        Assert.Equal(
            Registry.QueueFunctions.Select(f => f.Queue).Append(Deliveries.UnreadableQueue).Order(StringComparer.Ordinal),
            await NamesAsync("queueServices/queues"));
        Assert.Equal(
            app.Services.GetServices<IStoredTable>().Select(t => t.Table.Name).Distinct().Order(StringComparer.Ordinal),
            await NamesAsync("tableServices/tables"));
        Assert.Equal(
            [
                app.Services.GetRequiredService<JobBlobs>().Container.Name, "app-package", "azure-webjobs-hosts", "azure-webjobs-secrets",
                app.Services.GetRequiredService<ManifestBlobs>().Container.Name,
            ],
            await NamesAsync("blobServices/containers"));
    }

    /// <summary>https://learn.microsoft.com/azure/role-based-access-control/built-in-roles</summary>
    [BicepFact]
    public async Task The_identity_has_the_roles_that_it_needs_and_no_other()
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
            ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
            ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
            ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
            ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
            ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        };
        var assigned = (await Bicep.ResourcesAsync("Microsoft.Authorization/roleAssignments")).Select(assignment =>
        {
            var properties = assignment.GetProperty("properties");
            var identity = Principal().Match(properties.GetProperty("principalId").GetString()!).Groups["name"].Value;
            var role = roles[properties.GetProperty("roleDefinitionId").GetString()!.Split('/')[^1]];
            var scope = Scope().Match(assignment.GetProperty("id").GetString()!);
            return $"{identity}: {role} on {scope.Groups["type"].Value} {scope.Groups["container"].Value}".TrimEnd();
        });
        // No role at the whole account allows writing blobs, and the app's identity has no role for the package.
        Assert.Equal(
            [
                "registry-deployment: Storage Blob Data Contributor on Microsoft.Storage/storageAccounts app-package",
                "registry-identity: Key Vault Secrets User on Microsoft.KeyVault/vaults",
                "registry-identity: Monitoring Metrics Publisher on Microsoft.Insights/components",
                "registry-identity: Storage Blob Data Owner on Microsoft.Storage/storageAccounts adoption",
                "registry-identity: Storage Blob Data Owner on Microsoft.Storage/storageAccounts azure-webjobs-hosts",
                "registry-identity: Storage Blob Data Owner on Microsoft.Storage/storageAccounts azure-webjobs-secrets",
                "registry-identity: Storage Blob Data Owner on Microsoft.Storage/storageAccounts datasets",
                "registry-identity: Storage Queue Data Contributor on Microsoft.Storage/storageAccounts",
                "registry-identity: Storage Table Data Contributor on Microsoft.Storage/storageAccounts",
            ],
            assigned.Order(StringComparer.Ordinal));
    }

    [BicepFact]
    public async Task The_package_is_put_in_place_by_an_identity_that_the_app_does_not_run_as()
    {
        var site = (await Bicep.ResourcesAsync("Microsoft.Web/sites")).Single();
        var deployment = site.GetProperty("properties").GetProperty("functionAppConfig").GetProperty("deployment").GetProperty("storage");
        Assert.EndsWith(
            "/registry-deployment", deployment.GetProperty("authentication").GetProperty("userAssignedIdentityResourceId").GetString(),
                StringComparison.Ordinal);
        var settings = (await AppSettingsAsync()).EnumerateObject()
            .ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal);
        Assert.Contains("registry-identity", settings["AzureWebJobsStorage__clientId"], StringComparison.Ordinal);
        Assert.All(settings.Values, value => Assert.DoesNotContain("registry-deployment", value, StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Alerts_ask_for_functions_and_log_lines_that_there_are()
    {
        var functions = Registry.QueueFunctions.Select(f => f.Name).Concat(
            Registry.TimerFunctions.Select(f => f.Name)).ToHashSet(StringComparer.Ordinal);
        var lines = LogLines().ToList();
        var alerts = await AlertsAsync();
        Assert.NotEmpty(alerts);
        foreach (var (name, query) in alerts)
        {
            // Telemetry/AlertTests checks these.
            if (query.StartsWith("customMetrics", StringComparison.Ordinal))
                continue;
            var words = Quoted().Matches(query).Select(m => m.Groups["text"].Value).ToList();
            Assert.NotEmpty(words);
            if (query.StartsWith("requests", StringComparison.Ordinal))
                Assert.All(words, word => Assert.Contains(word, functions));
            else
                Assert.All(words, word => Assert.True(lines.Exists(line => Matches(query, word, line)), $"{word} is in no log line"));
        }

        // The last functions of both queues handle poison.
        Assert.All(
            Registry.QueueFunctions.Where(f => f.Queue.EndsWith("-poison", StringComparison.Ordinal)),
            f => Assert.Contains($"\"{f.Name}\"", alerts["registry-poison-messages"], StringComparison.Ordinal));
    }

    /// <summary>
    /// Tables of Application Insights, and the names of their rows in host.json:
    /// https://learn.microsoft.com/azure/azure-functions/functions-host-json
    /// </summary>
    [BicepFact]
    public async Task No_row_that_an_alert_counts_is_sampled()
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal) { ["requests"] = "Request", ["traces"] = "Trace" };
        var counted = (await AlertsAsync()).Values.Select(query => query.Split(' ')[0])
            .Where(table => table != "customMetrics").Select(table => types[table]).Distinct().Order(StringComparer.Ordinal);
        var host = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AzuriteFixture.RepositoryRoot(), "host.json"))).RootElement;
        var kept = host.GetProperty("logging").GetProperty("applicationInsights").GetProperty("samplingSettings")
            .GetProperty("excludedTypes").GetString()!.Split(';');
        Assert.Equal(counted, kept.Order(StringComparer.Ordinal));
    }

    [BicepFact]
    public async Task The_scripts_ask_for_outputs_and_parameters_that_the_template_has()
    {
        var template = await Bicep.TemplateAsync();
        var outputs = Names(template.GetProperty("outputs"));
        var parameters = Names(template.GetProperty("parameters"));
        var deploy = await File.ReadAllTextAsync(Path.Combine(Bicep.Folder, "deploy"));
        var verify = await File.ReadAllTextAsync(Path.Combine(Bicep.Folder, "verify"));
        var asked = ScriptOutput().Matches(deploy + verify).Select(m => m.Groups["name"].Value).ToList();
        Assert.Contains("hostName", asked);
        Assert.Contains("storageAccount", asked);
        Assert.All(asked, name => Assert.Contains(name, outputs));
        Assert.All(ScriptParameter().Matches(deploy), m => Assert.Contains(m.Groups["name"].Value, parameters));
    }

    static async Task<JsonElement> AppSettingsAsync() =>
        (await Bicep.ResourcesAsync("Microsoft.Web/sites/config")).Single(
            r => Bicep.LastName(r) == "appsettings").GetProperty("properties");

    /// <summary>Queries by the alerts' names.</summary>
    static async Task<IReadOnlyDictionary<string, string>> AlertsAsync() =>
        (await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules")).ToDictionary(
            Bicep.LastName,
            r => r.GetProperty("properties").GetProperty("criteria").GetProperty("allOf").EnumerateArray().Single().GetProperty("query")
                .GetString()!,
            StringComparer.Ordinal);

    static IEnumerable<string> Names(JsonElement of) => of.EnumerateObject().Select(p => p.Name);

    /// <summary>Messages of all log lines, with unique text in place of their values.</summary>
    static IEnumerable<string> LogLines() => typeof(Registry).Assembly.GetTypes()
        .SelectMany(
            t => t.GetMethods(
                System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic))
        .SelectMany(m => m.GetCustomAttributes(typeof(LoggerMessageAttribute), inherit: false).Cast<LoggerMessageAttribute>())
        .Select(l => l.Message.Replace("{Job}", Guid.Empty.ToString("D"), StringComparison.Ordinal));

    static bool Matches(string query, string word, string line) => query.Contains($"regex \"{word}\"", StringComparison.Ordinal)
        ? Regex.IsMatch(line, word)
        : line.Contains(word, StringComparison.Ordinal);

    [GeneratedRegex("\"(?<text>[^\"]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Quoted();

    [GeneratedRegex(
        @"@Microsoft\.KeyVault\(SecretUri=\{0\}secrets/(?<secret>[\w-]+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    // An assignment's id begins with that of its resource.
    [GeneratedRegex(
        @"^\[extensionResourceId\('[^']*/providers/(?<type>[\w.]+/\w+)/[^/']+(/blobServices/default/containers/(?<container>[\w-]+))?', ",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Scope();

    [GeneratedRegex(@"/userAssignedIdentities/(?<name>[\w-]+)', ", RegexOptions.ExplicitCapture)]
    private static partial Regex Principal();

    // deploy reads properties by name, verify reads outputs.
    [GeneratedRegex(
        @"output( |\(')(outputs\.)?(?<name>(?!outputs|parameters)\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ScriptOutput();

    [GeneratedRegex(@"output parameters\.(?<name>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ScriptParameter();
}

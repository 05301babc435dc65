using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.WebConsole;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>The service accepts what the console shows as an example.</summary>
public sealed partial class ExampleTests : ConsoleTest
{
    [BrowserFact]
    public async Task Every_example_of_the_console_is_accepted_by_the_service()
    {
        var page = await OpenAsync("", token: "");
        var examples = JsonDocument.Parse(
            await page.EvaluateAsync<string>("async () => JSON.stringify((await import('/console/examples.js')).EXAMPLES)")).RootElement;
        var datum = await Service.AdoptedAsync("datasets/a/b.parquet");
        await Service.AdoptedAsync("a.png");
        Service.Bucket.Put("lists/all.txt", Encoding.UTF8.GetBytes(Service.Url("datasets/a/b.parquet")));
        var tried = new HashSet<string>(StringComparer.Ordinal);
        foreach (var example in examples.EnumerateObject())
        {
            foreach (var text in example.Value.ValueKind switch
            {
                JsonValueKind.Array => example.Value.EnumerateArray().Select(e => e.GetString()!),
                JsonValueKind.Object => example.Value.EnumerateObject().Select(e => e.Value.GetString()!),
                _ => [example.Value.GetString()!],
            })
            {
                using var answer = await TryAsync(page, example.Name, text, datum);
                Assert.True(answer.IsSuccessStatusCode, $"{example.Name} '{text}': {await answer.Content.ReadAsStringAsync()}");
            }

            tried.Add(example.Name);
        }

        Assert.Contains("alias", tried);
    }

    /// <summary>Otherwise it would be tried by nobody.</summary>
    [Fact]
    public void Every_example_text_of_a_page_is_one_of_those()
    {
        var others = new List<string>();
        foreach (var name in ConsoleFiles.Embedded().Names.Where(
            n => n.EndsWith(".js", StringComparison.Ordinal)))
        {
            var text = Comment().Replace(Encoding.UTF8.GetString(ConsoleFiles.Embedded().Find(name)!.Value.File.Content), "");
            others.AddRange(Placeholder().Matches(text).Select(m => $"{name}: {m.Value}"));
            others.AddRange(SuchAs().Matches(text).Select(m => $"{name}: {m.Value}"));
        }

        Assert.Empty(others);
    }

    async Task<HttpResponseMessage> TryAsync(IPage page, string name, string text, string datum)
    {
        var project = Service.Project.Id;
        var store = $"/api/v0/stores/{Service.Store.Id}/";
        return name switch
        {
            "alias" => await SendAsync("POST", "/api/v0/datum-aliases/", new { name = text, datum, project }),
            "tag" => await SendAsync(
                "POST", Service.AdoptPath, new { prefix = "s3://bucket/", project, dry_run = true, tags = new[] { text } }),
            "properties" => await Service.Http.SendAsync("POST", $"/api/v0/data/{datum}/metadata/", text),
            "exclude" => await SendAsync(
                "POST", Service.AdoptPath, new { prefix = "s3://bucket/", project, dry_run = true, exclude = new[] { text } }),
            "include" => await SendAsync("PATCH", store, new { rescan = new { include = new[] { text } } }),
            "prefix" or "wildcard" => await SendAsync(
                "POST", Service.AdoptPath, new { prefix = Service.Url(text), project, dry_run = true }),
            "manifest" => await SendAsync("POST", Service.AdoptPath, new { manifest = Service.Url(text), project }),
            "schedules" => await SendAsync("PATCH", store, new { rescan = new { schedule = text } }),
            "region" => await SendAsync("PATCH", store, new { configuration = new { region = text } }),
            "volume" => await SendAsync("POST", "/api/v1/datavolumes", new { name = text, projectId = project, originPvcName = "x" }),
            "endpoint" or "role" => await AskOfAsync(name, text),
            "root" => await SendAsync("POST", "/api/v0/datasets/", new { name = "with a root", root = text, project }),
            "versions" => await VersionOfAsync(page, text, datum),
            "fileWithPath" => await VersionOfAsync(page, "of a list", text),
            "versionAlias" => await AliasOfAsync(page, text, datum),
            "folder" => await SendAsync("POST", "/api/v0/selections/", new
            {
                project,
                filter = new { store = Service.Store.Id, prefix = text },
            }),
            "sizes" => await SendAsync("POST", "/api/v0/selections/", new
            {
                project,
                filter = new
                {
                    size_min = await page.EvaluateAsync<long>(
                        "async text => (await import('/console/selection/filter.js')).sizeOf(text)", text),
                },
            }),
            "action" => await AuditedAsync(text),
            "roles" => await SendAsync(
                "POST", $"/api/v0/users/{await Service.NewUserAsync($"as-{text}")}/roles/",
                new { role = text, scope_type = "project", scope_id = project }),
            _ => throw new InvalidOperationException($"Nobody tries the example '{name}'."),
        };
    }

    /// <summary>A version of one line of the console's form.</summary>
    async Task<HttpResponseMessage> VersionOfAsync(IPage page, string name, string line)
    {
        var dataset = await TestUsers.JsonAsync(await SendAsync(
            "POST", "/api/v0/datasets/", new { name = $"dataset of {name}", project = Service.Project.Id }), HttpStatusCode.Created);
        var files = await page.EvaluateAsync<JsonElement>(
            "async line => (await import('/console/dataset/new-version.js')).filesOf(line)", line);
        return await SendAsync("POST", "/api/v0/dataset-versions/", new { name, dataset = dataset.GetProperty("id"), files });
    }

    async Task<HttpResponseMessage> AliasOfAsync(IPage page, string name, string datum)
    {
        var version = await TestUsers.JsonAsync(await VersionOfAsync(page, "to name", datum), HttpStatusCode.Created);
        return await SendAsync("POST", "/api/v0/dataset-version-aliases/", new { name, dataset_version = version.GetProperty("id") });
    }

    /// <summary>The filter accepts any word, so there must be an event of it.</summary>
    async Task<HttpResponseMessage> AuditedAsync(string action)
    {
        await Service.NewCallerAsync();
        Assert.NotEmpty(await Service.GetAllAsync($"/api/v0/audit/?action={action}"));
        return new(HttpStatusCode.OK);
    }

    /// <summary>No bucket answers there: the only error is that, or that its role cannot be had, and none is of the field's form.</summary>
    async Task<HttpResponseMessage> AskOfAsync(string name, string text)
    {
        var answer = await SendAsync("POST", "/api/v0/stores/", new
        {
            name = "example",
            configuration = new
            {
                bucket = "bucket",
                endpoint_url = name == "endpoint" ? text : Service.Server.Url,
                role_arn = name == "role" ? text : null,
                access_key_id = "key",
                secret_access_key = "secret",
            },
        });
        var error = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("configuration")[0];
        if (error.GetProperty("code").GetString() is not "invalid")
            answer.StatusCode = HttpStatusCode.OK;
        return answer;
    }

    Task<HttpResponseMessage> SendAsync(string method, string path, object body) =>
        Service.Http.SendAsync(method, path, JsonSerializer.Serialize(body));

    /// <summary>Lines of comments, which may name anything.</summary>
    [GeneratedRegex(@"^\s*(?://|/\*\*|\*).*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    /// <summary>A sentence is no example.</summary>
    [GeneratedRegex("placeholder: '[^' ]+'")]
    private static partial Regex Placeholder();

    /// <summary>Any URL of S3 is one.</summary>
    [GeneratedRegex("""['`][^'`\n]*[Ss]uch as (?!“?\$\{|'|s3://|$)[^'`\n]*""", RegexOptions.Multiline)]
    private static partial Regex SuchAs();
}

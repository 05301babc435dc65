using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Http;

/// <summary>The formats of a body: JSON, a form, or neither.</summary>
public sealed class BodyTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Form = "application/x-www-form-urlencoded";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    public static TheoryData<string, string> Posts => new()
    {
        { "/api/v0/projects/", "name=Straßen&owner=me&description=" },
        { "/api/v0/users/", "username=anna&password=a-long-password-1&display_name=Anna+B." },
        { "/api/v0/users/", "username=robot&type=service_account" },
        { "/api/v0/tokens/", "name=mine" },
        { "/api/v0/departments/", "name=d" },
        { "/api/v0/clusters/", "name=c&has_agent=true" },
    };

    [Theory]
    [MemberData(nameof(Posts))]
    public async Task A_form_makes_what_json_makes(string path, string form)
    {
        using var made = await SendAsync("POST", path, form, Form);
        var body = await TestUsers.JsonAsync(made, HttpStatusCode.Created);
        foreach (var field in form.Split('&').Select(f => f.Split('='))
            .Where(f => f[0] is "name" or "username" or "type" or "display_name" or "has_agent"))
            Assert.Equal(WebUtility.UrlDecode(field[1]), body.GetProperty(field[0]) is { ValueKind: JsonValueKind.True } ? "true"
                : body.GetProperty(field[0]).GetString());
    }

    [Theory]
    [MemberData(nameof(Posts))]
    public async Task So_does_a_form_of_parts(string path, string form)
    {
        using var parts = new MultipartFormDataContent();
        foreach (var field in form.Replace("username=", "username=also-", StringComparison.Ordinal).Split('&').Select(f => f.Split('=')))
            parts.Add(new StringContent(WebUtility.UrlDecode(field[1])), field[0]);
        using var made = await service.Http.PostAsync(new Uri(path, UriKind.Relative), parts);
        await TestUsers.JsonAsync(made, HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_store_is_made_by_a_form_with_its_configuration_inside()
    {
        var url = Uri.EscapeDataString(service.Server.Url);
        string[] forms =
        [
            $"name=dotted&configuration.bucket=bucket&configuration.endpoint_url={url}&paths.prefix=a/&allow_adopt=false",
            $"name=brackets&configuration[bucket]=bucket&configuration[endpoint_url]={url}&paths[prefix]=a/&allow_adopt=0",
            $"name=json&configuration={Uri.EscapeDataString($$"""{"bucket":"bucket","endpoint_url":"{{service.Server.Url}}"}""")}"
                + $"&paths=%7B%22prefix%22:%22a/%22%7D&allow_adopt=off&project={service.Project.Id}",
        ];
        foreach (var form in forms)
        {
            using var made = await SendAsync("POST", "/api/v0/stores/", form, Form);
            var store = await TestUsers.JsonAsync(made, HttpStatusCode.Created);
            Assert.Equal(("bucket", "s3://bucket/a/", false),
                (store.GetProperty("configuration").GetProperty("bucket").GetString(), store.GetProperty("uri_prefix").GetString(),
                store.GetProperty("allow_adopt").GetBoolean()));
        }
    }

    [Fact]
    public async Task An_alias_is_made_and_moved_by_a_form()
    {
        foreach (var (key, status) in new[] { ("a", HttpStatusCode.Created), ("b", HttpStatusCode.OK) })
        {
            using var pointed = await SendAsync("POST", "/api/v0/datum-aliases/",
                $"name=latest&datum={await service.AdoptedAsync(key)}&project={service.Project.Id}", Form);
            Assert.Equal(status, pointed.StatusCode);
        }
    }

    [Fact]
    public async Task A_list_in_a_form_is_a_field_that_comes_several_times()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        foreach (var form in new[] { $"projects={service.Project.Id}&projects={other}",
            $"projects[]={service.Project.Id}&projects[]={other}", $"projects[0]={service.Project.Id}&projects[1]={other}" })
        {
            using var made = await SendAsync("POST", "/api/v0/tokens/", $"name=limited&{form}", Form);
            Assert.Equal(2, (await TestUsers.JsonAsync(made, HttpStatusCode.Created)).GetProperty("projects").GetArrayLength());
        }
    }

    [Fact]
    public async Task A_url_is_adopted_by_a_form()
    {
        service.Put("a", "b");
        using var one = await SendAsync("POST", service.AdoptPath,
            $"url={Uri.EscapeDataString(service.Url("a"))}&project={service.Project.Id}", Form);
        Assert.Single((await TestUsers.JsonAsync(one)).GetProperty("created").EnumerateObject());
        using var several = await SendAsync("POST", service.AdoptPath,
            $"urls={Uri.EscapeDataString(service.Url("a"))}&urls={Uri.EscapeDataString(service.Url("b"))}&project={service.Project.Id}",
            Form);
        var answer = await TestUsers.JsonAsync(several);
        Assert.Single(answer.GetProperty("created").EnumerateObject());
        Assert.Single(answer.GetProperty("existing").EnumerateObject());
    }

    [Theory]
    [InlineData("name=a&name=b", "name")]
    [InlineData("nam=a", "nam")]
    [InlineData("", "name")]
    [InlineData("other=a", "name")]
    [InlineData("name=a&department=x", "department")]
    public async Task A_wrong_form_is_refused_by_its_field(string form, string field)
    {
        using var refused = await SendAsync("POST", "/api/v0/projects/", form, Form);
        Assert.Equal(field, (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task A_file_is_no_text()
    {
        using var parts = new MultipartFormDataContent { { new ByteArrayContent([1, 2, 3]), "name", "file.bin" } };
        using var refused = await service.Http.PostAsync(new Uri("/api/v0/projects/", UriKind.Relative), parts);
        Assert.Equal("name", (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    [Theory]
    [InlineData(Form)]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/merge-patch+json")]
    public async Task What_begins_as_an_object_is_json_whatever_kind_of_form_it_is_called(string? type)
    {
        using var made = await SendAsync("POST", "/api/v0/projects/", " \n{\"name\":\"a\"}", type);
        Assert.Equal("a", (await TestUsers.JsonAsync(made, HttpStatusCode.Created)).GetProperty("name").GetString());
        service.Put("a");
        using var adopted = await SendAsync("POST", service.AdoptPath,
            $$"""{"url":"{{service.Url("a")}}","project":"{{service.Project.Id}}"}""", type);
        Assert.Equal(HttpStatusCode.OK, adopted.StatusCode);
        using var volume = await SendAsync("POST", "/api/v1/datavolumes",
            $$"""{"name":"v{{service.Project.Id:N}}","originPvcName":"pvc","projectId":"{{service.Project.Id}}"}""", type);
        Assert.Equal(HttpStatusCode.Created, volume.StatusCode);
    }

    [Theory]
    [InlineData("POST", "/api/v0/projects/", "application/xml")]
    [InlineData("POST", "/api/v0/projects/", "text/plain")]
    [InlineData("POST", "/api/v0/tokens/", "text/json")]
    [InlineData("POST", "/api/v0/stores/", "application/octet-stream")]
    [InlineData("POST", "/api/v0/data/metadata/apply/", Form)]
    [InlineData("POST", "/api/v1/datavolumes", Form)]
    [InlineData("POST", "/api/v1/datavolumes", "multipart/form-data; boundary=x")]
    [InlineData("POST", "/api/v1/datavolumes", "text/plain")]
    public async Task Another_type_is_refused_whatever_the_body_begins_with(string method, string path, string type)
    {
        foreach (var body in type.Contains("form", StringComparison.Ordinal) ? ["name=a", "<x/>", ""]
            : new[] { """{"name":"a"}""", "name=a", "" })
        {
            using var refused = await SendAsync(method, path, body, type);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Without_a_type_what_is_no_object_is_broken_json()
    {
        using var text = await SendAsync("POST", "/api/v0/projects/", "name=a", null);
        Assert.Equal(HttpStatusCode.BadRequest, text.StatusCode);
        using var adoption = await SendAsync("POST", service.AdoptPath, "url=a", null);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, adoption.StatusCode);
        using var nothing = await SendAsync("POST", "/api/v0/projects/", "", null);
        Assert.Equal("JSON parse error: line 1, byte 1.",
            (await TestUsers.JsonAsync(nothing, HttpStatusCode.BadRequest)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_form_that_is_too_large_is_refused_before_it_is_read()
    {
        using var refused = await SendAsync("POST", "/api/v0/projects/", $"name={new string('a', 70_000)}", Form);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Theory]
    [InlineData("POST", "/api/v0/projects/", """{"nme":"a"}""", "nme")]
    [InlineData("POST", "/api/v0/tokens/", """{"name":"a","project":["x"]}""", "project")]
    [InlineData("POST", "/api/v0/stores/", """{"name":"a","configuration":{"buckt":"x"}}""", "configuration")]
    [InlineData("POST", "/api/v0/datum-aliases/", """{"name":"a","datums":"x"}""", "datums")]
    [InlineData("POST", "/api/v0/users/", """{"username":"a","e_mail":"a"}""", "e_mail")]
    [InlineData("POST", "/api/v0/data/metadata/apply/", """{"datum_metdata":{}}""", "datum_metdata")]
    public async Task A_misspelt_field_is_refused_with_the_one_that_was_meant(string method, string path, string json, string field)
    {
        using var refused = await service.Http.SendAsync(method, path, json);
        var error = (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single();
        Assert.Equal(field, error.Name);
        Assert.Contains("did you mean '", error.Value[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"urlz":["a"],"project":"x"}""", "urlz")]
    [InlineData("""{"urls":[],"projet":"x"}""", "projet")]
    [InlineData("""{"url":"a","dryrun":true}""", "dryrun")]
    public async Task A_misspelt_field_of_an_adoption_is_refused(string json, string field)
    {
        using var refused = await service.Http.SendAsync("POST", service.AdoptPath, json);
        Assert.Equal(field, (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task What_was_answered_can_be_sent_back()
    {
        var project = await service.GetAsync($"/api/v0/projects/{service.Project.Id}/");
        using var same = await service.Http.SendAsync("PATCH", $"/api/v0/projects/{service.Project.Id}/",
            """{"name":"demo","owner":{"username":"x"},"urls":{},"ctime":null,"other":1}""");
        Assert.Equal(project.ToString(), (await TestUsers.JsonAsync(same)).ToString());
        var store = await service.GetAsync($"/api/v0/stores/{service.Store.Id}/");
        using var put = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", store.ToString());
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
    }

    [Fact]
    public async Task Metadata_may_have_any_field()
    {
        var id = await service.AdoptedAsync("a");
        using var set = await service.Http.SendAsync("POST", $"/api/v0/data/{id}/metadata/", """{"urlz":1,"valohai.tag":"x"}""");
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
    }

    async Task<HttpResponseMessage> SendAsync(string method, string path, string body, string? type)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method),
            new Uri(path, UriKind.Relative))
        { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.Remove("Content-Type");
        if (type is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return await service.Http.SendAsync(request);
    }
}

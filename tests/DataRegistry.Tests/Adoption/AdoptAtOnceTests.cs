using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Adoption;

public sealed class AdoptAtOnceTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Adopting_an_object_creates_a_datum_that_can_be_read_by_its_id()
    {
        service.Put("path/test.txt");
        using var response = await service.AdoptUrlAsync(service.Url("path/test.txt"));
        await Wire.AssertAsync("adopt-created", response);

        var id = JsonDocument.Parse(
            await response.Content.ReadAsStringAsync()).RootElement.GetProperty("created").GetProperty(
                "s3://bucket/path/test.txt").GetString();
        using var datum = await service.Http.GetAsync(new Uri($"/api/v0/data/{id}/", UriKind.Relative));
        await Wire.AssertAsync("datum", datum);
    }

    [Fact]
    public async Task Adopting_it_again_says_that_it_exists()
    {
        service.Put("my-file.txt");
        (await service.AdoptUrlAsync(service.Url("my-file.txt"))).EnsureSuccessStatusCode();
        using var again = await service.AdoptUrlAsync(service.Url("my-file.txt"));
        await Wire.AssertAsync("adopt-exists", again);
        Assert.Single(await service.GetDatumsAsync());
    }

    [Fact]
    public async Task Adopting_a_missing_object_says_adoptable_file_not_found_and_leaves_nothing()
    {
        using var response = await service.AdoptUrlAsync(service.Url("my-file.txt"));
        await Wire.AssertAsync("adopt-missing", response);
        await service.AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("https://bucket/key")]
    [InlineData("S3:/bucket/key")]
    [InlineData("gs://bucket/key")]
    [InlineData("s3://bucket/")]
    [InlineData("s3://bucket")]
    [InlineData("s3:///key")]
    [InlineData("key")]
    [InlineData(" s3://bucket/key")]
    public async Task A_url_that_is_no_s3_url_is_refused_by_name(string url)
    {
        var error = await RefusedAsync(url);
        // For a bucket without a key, the message suggests a prefix.
        Assert.StartsWith(
            $"Not an S3 URL: '{url}'. An S3 URL is s3://<bucket>/<key>, with a key of 1 to 1024 bytes of UTF-8.",
            error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_url", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_url_of_another_bucket_is_outside_the_store()
    {
        var error = await RefusedAsync("s3://bucket2/key");
        Assert.Equal("Outside my-bucket, which holds s3://bucket/…: 's3://bucket2/key'", error.GetProperty("message").GetString());
        Assert.Equal("url_outside_store", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_key_of_1024_bytes_is_adopted_and_one_of_1025_is_refused()
    {
        var key = new string('k', 1000) + "éééééééééééé";
        Assert.Equal(1024, Encoding.UTF8.GetByteCount(key));
        service.Put(key);
        await AdoptedAsync(key);
        var error = await RefusedAsync(service.Url("x" + key), leavesNothing: false);
        Assert.Equal("invalid_url", error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("with#hash")]
    [InlineData("with?question=1&a=b")]
    [InlineData("up/../there")]
    [InlineData("./here")]
    [InlineData("two//slashes")]
    [InlineData("/first-slash")]
    [InlineData("encoded%2Fslash")]
    [InlineData("100%")]
    [InlineData("plus+and space")]
    [InlineData("quote's \"double\"")]
    [InlineData("back\\slash")]
    [InlineData("größe/数据集/𝒳.bin")]
    [InlineData("control\u0001\t\u007f")]
    [InlineData("ends with slash/")]
    [InlineData("<tag>&amp;")]
    public async Task Any_character_of_a_key_is_kept(string key)
    {
        // Neighbours that a wrong decoding would find.
        service.Put(key, "there", "here", "two/slashes", "first-slash", "encoded/slash", "plus and space", "with");
        var datum = await AdoptedAsync(key);
        Assert.Equal(service.Url(key), datum.GetProperty("uri").GetString());
        Assert.Equal(Encoding.UTF8.GetByteCount(key), datum.GetProperty("size").GetInt64());
        using var missing = await service.AdoptUrlAsync(service.Url(key + "!"));
        Assert.Contains("adoptable_file_not_found", await missing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lone_surrogate_is_no_key()
    {
        using var body = new StringContent(
            $$"""{"url":"s3://bucket/\ud800","project":"{{service.Project.Id}}"}""", Encoding.UTF8, "application/json");
        using var response = await service.Http.PostAsync(new Uri(service.AdoptPath, UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task Several_urls_are_answered_one_by_one()
    {
        service.Put("a", "b", "c");
        (await service.AdoptUrlAsync(service.Url("b"))).EnsureSuccessStatusCode();
        using var response = await service.AdoptUrlsAsync(
            [service.Url("a"), service.Url("b"), service.Url("c"), service.Url("a"), service.Url("missing"), "s3://other/x", "nonsense"]);
        await Wire.AssertAsync("adopt-several", response);
        Assert.Equal(3, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task Several_urls_of_which_none_is_adopted_are_a_400()
    {
        using var response = await service.AdoptUrlsAsync([service.Url("missing"), "nonsense"]);
        await Wire.AssertAsync("adopt-several-failed", response);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task Several_urls_of_which_one_exists_are_no_400_although_the_bucket_refuses_to_be_asked_for_the_others()
    {
        service.Put("a", "b");
        (await service.AdoptUrlAsync(service.Url("a"))).EnsureSuccessStatusCode();
        // Expired credentials: a HEAD's answer is only 400, and a list is refused too.
        service.Server.Intercept = async (http, kind) =>
        {
            http.Response.StatusCode = 400;
            if (kind != "head")
                await http.Response.WriteAsync(
                    "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>");
            return true;
        };
        using var response = await service.AdoptUrlsAsync([service.Url("a"), service.Url("b")]);
        using var none = await service.AdoptUrlsAsync([service.Url("b"), service.Url("c")]);
        using var one = await service.AdoptUrlAsync(service.Url("b"));
        service.Server.Intercept = null;
        var answer = await TestUsers.JsonAsync(response);
        Assert.Equal(
            (false, service.Url("a"), service.Url("b")),
            (answer.GetProperty("ok").GetBoolean(), Assert.Single(answer.GetProperty("existing").EnumerateObject()).Name,
                Assert.Single(answer.GetProperty("errors").EnumerateArray()).GetProperty("url").GetString()));
        Assert.Equal(2, (await TestUsers.JsonAsync(none, HttpStatusCode.BadRequest)).GetProperty("errors").GetArrayLength());
        var error = await TestUsers.JsonAsync(one, HttpStatusCode.BadRequest);
        Assert.Equal(answer.GetProperty("errors")[0].GetProperty("code").GetString(), error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_hundred_urls_are_answered_at_once()
    {
        var keys = Enumerable.Range(0, 100).Select(i => $"f/{i}").ToArray();
        service.Put(keys);
        using var response = await service.AdoptUrlsAsync(keys.Select(service.Url));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            100,
            JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("created").EnumerateObject().Count());
        Assert.Equal(100, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task Plain_text_has_a_url_a_line()
    {
        service.Put("a", "b");
        using var body = new StringContent($"{service.Url("a")}\r\n\n{service.Url("b")}", Encoding.UTF8, "text/plain");
        using var response = await service.Http.PostAsync(
            new Uri($"{service.AdoptPath}?project={service.Project.Id}", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task The_route_answers_alike_without_its_slash()
    {
        service.Put("a");
        using var response = await service.Http.PostAsync(
            new Uri(service.AdoptPath.TrimEnd('/'), UriKind.Relative),
            new StringContent($$"""{"url":"s3://bucket/a","project":"{{service.Project.Id}}"}""", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("empty-list", """{"urls":[],"project":"$"}""")]
    [InlineData("no-url", """{"project":"$"}""")]
    [InlineData("url-of-wrong-type", """{"url":5,"project":"$"}""")]
    [InlineData("urls-of-wrong-type", """{"urls":"s3://bucket/a","project":"$"}""")]
    [InlineData("broken-json", """{"url":"s3://bucket/a","project":""")]
    [InlineData("not-an-object", """["s3://bucket/a"]""")]
    [InlineData("null-body", "null")]
    [InlineData("no-project", """{"url":"s3://bucket/a"}""")]
    [InlineData("malformed-project", """{"url":"s3://bucket/a","project":"demo"}""")]
    [InlineData("unknown-project", """{"url":"s3://bucket/a","project":"017a515f-30a4-d0f1-d37a-53ffc38e90c7"}""")]
    public async Task A_bad_body_is_refused_with_its_own_message(string name, string json)
    {
        service.Put("a");
        using var body = new StringContent(
            json.Replace("$", service.Project.Id.ToString(), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        using var response = await service.Http.PostAsync(new Uri(service.AdoptPath, UriKind.Relative), body);
        await Wire.AssertAsync($"adopt-bad-{name}", response);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task Another_content_type_is_unsupported()
    {
        using var body = new StringContent("<url>s3://bucket/a</url>", Encoding.UTF8, "application/xml");
        using var response = await service.Http.PostAsync(new Uri(service.AdoptPath, UriKind.Relative), body);
        await Wire.AssertAsync("adopt-bad-content-type", response);
        await service.AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("017a515f-30a4-d0f1-d37a-53ffc38e90c7")]
    [InlineData("my-bucket")]
    public async Task An_unknown_store_is_404(string store)
    {
        using var response = await service.Http.PostAsync(
            new Uri($"/api/v0/stores/{store}/adopt/", UriKind.Relative), new StringContent("{}", Encoding.UTF8, "application/json"));
        await Wire.AssertAsync("unknown-store", response);
        await service.AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Token")]
    [InlineData("Token wrong")]
    [InlineData("Bearer wrong")]
    [InlineData("Basic YTpi")]
    public async Task Without_a_valid_token_nobody_gets_in(string? authorization)
    {
        service.Put("a");
        using var stranger = service.NewClient();
        if (authorization is not null)
            stranger.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        foreach (var path in new[] { "/api/v0/stores/", $"/api/v0/data/?project={service.Project.Id}", "/api/v0/adoptions/" })
        {
            using var get = await stranger.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.Unauthorized, get.StatusCode);
        }

        using var body = new StringContent(
            $$"""{"url":"s3://bucket/a","project":"{{service.Project.Id}}"}""", Encoding.UTF8, "application/json");
        using var response = await stranger.PostAsync(new Uri(service.AdoptPath, UriKind.Relative), body);
        await Wire.AssertAsync(authorization is null or "Token" or "Basic YTpi" ? "no-token" : "wrong-token", response);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task Bearer_is_as_good_as_Token()
    {
        service.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestService.Token);
        await service.GetAsync("/api/v0/stores/");
    }

    [Fact]
    public async Task Stores_are_listed_without_their_secrets()
    {
        await using var alone = await TestService.StartAsync();
        using var response = await alone.Http.GetAsync(new Uri("/api/v0/stores/", UriKind.Relative));
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        await Wire.AssertAsync("stores", response);
    }

    [Fact]
    public async Task Two_who_adopt_the_same_object_at_once_get_one_datum()
    {
        service.Put("a");
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.AdoptUrlAsync(service.Url("a"))));
        Assert.Equal(1, responses.Count(r => r.StatusCode == HttpStatusCode.OK));
        Assert.Equal(7, responses.Count(r => r.StatusCode == HttpStatusCode.BadRequest));
        Assert.Single(await service.GetDatumsAsync());
        Assert.Equal(1, await service.CountRowsAsync("locations"));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_reached_is_a_503_that_says_so()
    {
        await service.Server.DisposeAsync();
        using var response = await service.AdoptUrlAsync("s3://bucket/a");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task An_unknown_route_and_a_wrong_method_answer_in_the_contracts_shape()
    {
        using var route = await service.Http.GetAsync(new Uri("/api/v0/nothing/", UriKind.Relative));
        await Wire.AssertAsync("unknown-route", route);
        using var method = await service.Http.DeleteAsync(new Uri("/api/v0/data/", UriKind.Relative));
        await Wire.AssertAsync("wrong-method", method);
    }

    async Task<JsonElement> AdoptedAsync(string key)
    {
        using var response = await service.AdoptUrlAsync(service.Url(key));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        var id = JsonDocument.Parse(text).RootElement.GetProperty("created").GetProperty(service.Url(key)).GetString();
        return await service.GetAsync($"/api/v0/data/{id}/");
    }

    async Task<JsonElement> RefusedAsync(string url, bool leavesNothing = true)
    {
        using var response = await service.AdoptUrlAsync(url);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        if (leavesNothing)
            await service.AssertNothingLeftAsync();
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }
}

public sealed class BodyLimitTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_413(bool chunked)
    {
        await using var service = await TestService.StartAsync(("Adoption:MaxBodyBytes", "1000"));
        using var body = new StringContent("""{"url":"s3://bucket/""" + new string('a', 1000) + "\"}", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service.AdoptPath, UriKind.Relative)) { Content = body };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await service.Http.SendAsync(request);
        await Wire.AssertAsync("adopt-bad-too-large", response);
        await service.AssertNothingLeftAsync();
    }
}

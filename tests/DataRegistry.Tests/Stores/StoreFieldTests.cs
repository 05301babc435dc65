using System.Net;
using System.Net.Http.Json;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Stores.TestStores;

namespace DataRegistry.Tests.Stores;

/// <summary>The fields of a store that are refused.</summary>
public sealed class StoreFieldTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Theory]
    [InlineData("name", """{"configuration":{"bucket":"bucket"}}""")]
    [InlineData("configuration", """{"name":"x"}""")]
    [InlineData("configuration", """{"name":"x","configuration":{}}""")]
    [InlineData("configuration", """{"name":"x","configuration":"bucket"}""")]
    [InlineData("type", """{"name":"x","type":"azure","configuration":{"bucket":"bucket"}}""")]
    [InlineData("name", """{"name":1,"configuration":{"bucket":"bucket"}}""")]
    [InlineData("name", """{"name":"a\nb","configuration":{"bucket":"bucket"}}""")]
    [InlineData("name", """{"name":"  ","configuration":{"bucket":"bucket"}}""")]
    [InlineData("name", """{"name":"\ud800","configuration":{"bucket":"bucket"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":7}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"a/b"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"eimer-ü"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"evil.example.org#"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","region":"a.evil.example.org"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","region":[]}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","endpoint_url":"http://user:word@127.0.0.1/"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","endpoint_url":"http://127.0.0.1/?a=b"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","endpoint_url":"file:///etc/passwd"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","access_key_id":"ü","secret_access_key":"s"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","access_key_id":"key"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","secret_access_key":"s"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","role_arn":"nonsense"}}""")]
    [InlineData("configuration", """{"name":"x","configuration":{"bucket":"bucket","external_id":"ours"}}""")]
    [InlineData(
        "configuration",
        """{"name":"x","configuration":{"bucket":"bucket","role_arn":"arn:aws:iam::123456789012:role/reader","external_id":"a b"}}""")]
    [InlineData(
        "configuration",
        """
        {"name":"x","configuration":{"bucket":"bucket","role_arn":"arn:aws:iam::123456789012:role/reader",
        "endpoint_url":"http://127.0.0.1:1"}}
        """)]
    [InlineData("paths", """{"name":"x","configuration":{"bucket":"bucket"},"paths":"data/"}""")]
    [InlineData("paths", """{"name":"x","configuration":{"bucket":"bucket"},"paths":{"prefix":1}}""")]
    [InlineData("paths", """{"name":"x","configuration":{"bucket":"bucket"},"paths":{"prefixes":"data/"}}""")]
    [InlineData("project", """{"name":"x","configuration":{"bucket":"bucket"},"project":"demo"}""")]
    [InlineData("project", """{"name":"x","configuration":{"bucket":"bucket"},"project":{"name":"demo"}}""")]
    [InlineData("project", """{"name":"x","configuration":{"bucket":"bucket"},"project":"0198c0de-0000-7000-8000-00000000ffff"}""")]
    [InlineData("project", """{"name":"x","configuration":{"bucket":"bucket"},"access_mode":"single_project"}""")]
    [InlineData("access_mode", """{"name":"x","configuration":{"bucket":"bucket"},"access_mode":"private"}""")]
    [InlineData("access_mode", """{"name":"x","configuration":{"bucket":"bucket"},"access_mode":1}""")]
    [InlineData("allow_read", """{"name":"x","configuration":{"bucket":"bucket"},"allow_read":"yes"}""")]
    [InlineData("allow_adopt", """{"name":"x","configuration":{"bucket":"bucket"},"allow_adopt":0}""")]
    [InlineData("allow_uri_download", """{"name":"x","configuration":{"bucket":"bucket"},"allow_uri_download":true}""")]
    public async Task A_bad_field_is_named_and_no_store_is_made(string field, string json)
    {
        var before = await service.GetAllAsync("/api/v0/stores/");
        using var response = await service.Http.SendAsync("POST", "/api/v0/stores/", json);
        await AssertFieldAsync(field, code: null, response);
        Assert.Equal(before.Count, (await service.GetAllAsync("/api/v0/stores/")).Count);
    }

    [Fact]
    public async Task Too_long_and_repeated_fields_are_refused()
    {
        foreach (var (field, body) in new (string, object)[]
        {
            ("name", new { name = new string('ü', 101), configuration = service.Configuration() }),
            ("configuration", new { name = "x", configuration = new { bucket = new string('b', 256) } }),
            ("configuration", new { name = "x", configuration = service.Configuration("http://127.0.0.1/" + new string('p', 1000)) }),
            ("configuration", new { name = "x", configuration = service.Configuration(secret: new string('s', 1001)) }),
            ("paths", new { name = "x", configuration = service.Configuration(), paths = new { prefix = new string('ü', 513) } }),
        })
        {
            using var response = await service.Http.PostAsJsonAsync("/api/v0/stores/", body);
            await AssertFieldAsync(field, code: null, response);
        }

        foreach (var json in new[]
        {
            """{"name":"x","name":"y","configuration":{"bucket":"bucket"}}""",
            """{"name":"x","configuration":{"bucket":"bucket","bucket":"b"}}""", "[]", "null", "{", "",
        })
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("POST", "/api/v0/stores/", json));
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            await service.Http.StatusAsync("POST", "/api/v0/stores/", $$"""{"name":"{{new string('n', 70_000)}}"}"""));
    }

    [Theory]
    [InlineData("configuration", """{"configuration":{"bucket":"another"}}""")]
    [InlineData("paths", """{"paths":{"prefix":"another/"}}""")]
    [InlineData("paths", """{"paths":{}}""")]
    public async Task Bucket_and_prefix_never_change(string field, string json)
    {
        var path = await service.NewStoreAsync(
            new { name = $"s-{Guid.NewGuid():N}", configuration = service.Configuration(), paths = new { prefix = "data/" } });
        using var response = await service.Http.SendAsync("PATCH", path, json);
        await AssertFieldAsync(field, "immutable", response);
    }
}

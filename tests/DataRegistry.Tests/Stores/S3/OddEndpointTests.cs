using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Addresses, redirects, versions of the protocol, and requests that are signed in another way.</summary>
public sealed class OddEndpointTests : OddBucket
{
    [Fact]
    public async Task A_bucket_in_the_endpoint_is_named_with_the_endpoint_without_it()
    {
        Server.Buckets["demo"].Put("a", "1"u8);

        var probe = await Buckets.ProbeAsync(Store($"{Server.Url}/demo/"), default);

        Assert.Equal(BucketFault.WrongEndpoint, probe.Fault);
        Assert.Contains($"'{Server.Url}'", probe.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://demo.example.com", "https://example.com")]
    [InlineData("https://demo.example.com:9000/", "https://example.com:9000")]
    [InlineData("http://example.com/s3/demo", "http://example.com/s3")]
    public void An_endpoint_is_told_without_the_bucket(string endpoint, string expected)
    {
        Assert.True(Endpoints.Holds(endpoint, "demo"));
        Assert.Equal(expected, Endpoints.Without(endpoint, "demo"));
    }

    [Fact]
    public async Task A_slash_behind_a_path_of_the_endpoint_is_no_part_of_it()
    {
        Server.Intercept = async (http, _) =>
        {
            var known = http.Request.Path.Value is "/s3/demo" or "/s3/demo/";
            http.Response.StatusCode = known ? 200 : 404;
            await http.Response.WriteAsync(
                known ? http.Request.Query.ContainsKey("list-type") ? Page([], null) : "<VersioningConfiguration/>"
                    : "<Error><Code>NoSuchBucket</Code></Error>");
            return true;
        };

        Assert.Null((await Buckets.ProbeAsync(Store($"{Server.Url}/s3/"), default)).Fault);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_to_another_server_names_it_and_nothing_that_is_signed(int status)
    {
        Server.Intercept = (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = $"https://s3.example.com{http.Request.Path}?X-Amz-Signature=secret";
            return Task.FromResult(true);
        };

        var probe = await Buckets.ProbeAsync(Store(), default);

        Assert.Equal(BucketFault.WrongEndpoint, probe.Fault);
        Assert.Contains("https://s3.example.com;", probe.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", probe.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<Marker></Marker>", "")]
    [InlineData("<Marker/>", "<Contents><Key>a</Key><ETag>e</ETag><Size>1</Size></Contents>")]
    public async Task A_server_that_lists_by_version_1_only_says_so_while_it_is_empty(string marker, string contents)
    {
        Lists(
            _ =>
                $"<ListBucketResult><Name>demo</Name><Prefix/>{marker}<MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated>"
                + $"{contents}</ListBucketResult>");

        var probe = await Buckets.ProbeAsync(Store(), default);

        Assert.Contains("version 1 only", probe.Message, StringComparison.Ordinal);
        Assert.Equal((BucketFault.Unexpected, false), (probe.Fault, probe.IsTransient));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_server_that_lists_by_version_1_says_so_also_without_a_marker(int keys)
    {
        // The server ignores the start key, and has no token.
        Lists(_ => Page(["a"], keys == 1 ? null : "?")
            .Replace("<NextContinuationToken>?</NextContinuationToken>", "", StringComparison.Ordinal));

        var probe = await Buckets.ProbeAsync(Store(), default);

        Assert.Contains("version 1 only", probe.Message, StringComparison.Ordinal);
        Assert.Equal((BucketFault.Unexpected, false), (probe.Fault, probe.IsTransient));
    }

    [Fact]
    public async Task A_server_that_counts_nothing_and_begins_where_it_is_asked_to_lists_by_version_2()
    {
        Lists(query => Page(query.StartAfter is null ? ["a"] : [], null));

        Assert.Null((await Buckets.ProbeAsync(Store(), default)).Fault);
    }

    [Fact]
    public async Task A_requester_who_pays_says_so_with_every_request_and_in_signed_urls()
    {
        Server.Buckets["demo"].Put("a", "1"u8);
        var without = new List<string>();
        Server.Intercept = (http, kind) =>
        {
            if (http.Request.Headers["x-amz-request-payer"] != "requester" && http.Request.Query["x-amz-request-payer"] != "requester"
                && kind != "get_versioning")
                without.Add(kind);
            return Task.FromResult(false);
        };
        var store = Store();
        var paying = Buckets.Open(store with { Configuration = store.Configuration with { RequesterPays = true } });

        await paying.ListAsync(new());
        await paying.ListVersionsAsync(new());
        await paying.HeadAsync("a");
        await (await paying.GetAsync("a"))!.DisposeAsync();
        using var browser = new HttpClient();
        Assert.Equal("1", await browser.GetStringAsync(await paying.PresignGetAsync("a", null, TimeSpan.FromMinutes(1))));

        Assert.Empty(without);
    }

    [Fact]
    public async Task An_anonymous_store_signs_nothing()
    {
        var signed = false;
        Server.Intercept = (http, _) =>
        {
            signed |= http.Request.Headers.Authorization.Count > 0;
            return Task.FromResult(false);
        };

        using var others = new Buckets();
        await others.Open(new()
        {
            Id = Guid.NewGuid(),
            Name = "demo",
            Configuration = new("demo", null, Server.Url, null, null, null, Anonymous: true),
        }).ListAsync(new());

        Assert.False(signed);
        Assert.False(
            others.Open(new()
            {
                Id = Guid.NewGuid(),
                Name = "demo",
                Configuration = new("demo", null, null, null, null, null, Anonymous: true),
            }).CanPresign("a"));
    }
}

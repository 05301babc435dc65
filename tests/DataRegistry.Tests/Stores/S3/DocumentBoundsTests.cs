using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Documents that a parser would expand far beyond their bytes are checked before they are parsed.</summary>
public sealed class DocumentBoundsTests : IAsyncLifetime
{
    readonly Buckets buckets = new(new() { MaxRetries = 0 });
    BucketServer server = null!;
    Bucket bucket = null!;

    public async Task InitializeAsync()
    {
        server = await BucketServer.StartAsync();
        server.CreateBucket("demo");
        bucket = buckets.Open(
            new() { Id = Guid.NewGuid(), Name = "demo", Configuration = new("demo", null, server.Url, "key", "secret", null) });
    }

    public async Task DisposeAsync()
    {
        buckets.Dispose();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("<Contents/>", 2_900_000)]
    [InlineData("<Contents/>", 1001)]
    [InlineData("<Contents></Contents>", 1001)]
    [InlineData("<s3:Contents xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/'><s3:Key>k</s3:Key></s3:Contents>", 1001)]
    [InlineData("<Version/>", 1001)]
    [InlineData("<CommonPrefixes><Prefix>k</Prefix></CommonPrefixes>", 1001)]
    [InlineData("<Contents/><CommonPrefixes/>", 501)]
    [InlineData("<a>", 17)]
    [InlineData("<a>", 60_000)]
    [InlineData("<a/>", 100_000)]
    public async Task More_than_was_asked_for_is_no_answer_of_s3_and_is_not_parsed(string part, int count)
    {
        Answer(200, Listing(new StringBuilder().Insert(0, part, count).ToString()));

        AssertNotS3(await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new())));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 1000)]
    [InlineData(10, 11)]
    public async Task A_page_holds_no_more_than_its_own_request_asked_for(int asked, int answered)
    {
        Answer(200, Listing(Entries(answered)));
        AssertNotS3(await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new() { MaxKeys = asked })));
        Assert.Equal(BucketFault.Unexpected, (await bucket.ProbeAsync()).Fault);

        Answer(200, Listing(Entries(asked)));
        Assert.Equal(asked, (await bucket.ListAsync(new() { MaxKeys = asked })).Objects.Count);
    }

    [Fact]
    public async Task Versions_and_delete_markers_are_counted_together()
    {
        string Versions(int versions, int markers) => "<ListVersionsResult><IsTruncated>false</IsTruncated>"
            + Repeat("<Version><Key>k</Key><VersionId>v</VersionId><ETag>e</ETag></Version>", versions)
            + Repeat("<DeleteMarker><Key>k</Key><VersionId>v</VersionId></DeleteMarker>", markers) + "</ListVersionsResult>";
        Answer(200, Versions(500, 501));
        AssertNotS3(await Assert.ThrowsAsync<BucketException>(() => bucket.ListVersionsAsync(new())));

        // An entry's elements are no entries, even if their names begin alike.
        Answer(200, Versions(500, 500));
        Assert.Equal(1000, (await bucket.ListVersionsAsync(new())).Versions.Count);
    }

    [Theory]
    [InlineData("<Contents {0}><Key>k</Key></Contents>", "a{1}='' ")]
    [InlineData("<Contents {0}><Key>k</Key></Contents>", "a{1}=\"\" ")]
    [InlineData("<Contents {0}/>", "xmlns:a{1}='a' ")]
    [InlineData("</Contents {0}>", "a{1}='' ")]
    public async Task An_element_with_very_many_attributes_is_not_parsed(string element, string attribute)
    {
        var attributes = string.Concat(
            Enumerable.Range(0, 20_000).Select(i => attribute.Replace("{1}", $"{i:x}", StringComparison.Ordinal)));
        Answer(200, Listing(element.Replace("{0}", attributes, StringComparison.Ordinal)));

        AssertNotS3(await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new())));
    }

    [Theory]
    [InlineData("<!-- <Contents/><Contents/> -->")]
    [InlineData("<?note <a><a><a> ?>")]
    [InlineData("<Extra note='>&lt;' other=\"'>'\"/>")]
    [InlineData("<Extra><![CDATA[<Contents><Contents>]]></Extra>")]
    public async Task Markup_that_only_looks_like_entries_is_none(string markup)
    {
        Answer(200, Listing(markup + "<Contents><Key>z</Key><ETag>e</ETag><Size>1</Size></Contents>"));

        Assert.Equal("z", (await bucket.ListAsync(new() { MaxKeys = 2 })).Objects[^1].Key);
    }

    [Theory]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(404, false)]
    public async Task An_error_of_any_size_or_depth_is_known_by_its_status(int status, bool transient)
    {
        string[] pages = [$"<html>{new string('x', 7_000_000)}", Repeat("<p>", 60_000), $"<Error><Code>{Repeat("<a b='c'>", 60_000)}"];
        foreach (var page in pages)
        {
            Answer(status, page);

            var fault = await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new()));

            Assert.Equal((transient, status), (fault.IsTransient, (int)fault.Status!));
            Assert.InRange(fault.Message.Length, 1, 1000);
        }
    }

    [Fact]
    public async Task A_token_that_is_longer_than_a_url_is_not_sent_back()
    {
        Answer(200, "<ListBucketResult><IsTruncated>true</IsTruncated>"
            + $"<NextContinuationToken>{new string('t', 20_000)}</NextContinuationToken>"
            + "<Contents><Key>z</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>");

        var page = await bucket.ListAsync(new());

        Assert.Equal((true, null), (page.IsTruncated, page.NextContinuationToken));
    }

    static void AssertNotS3(BucketException fault)
    {
        Assert.Equal((BucketFault.Unexpected, false), (fault.Fault, fault.IsTransient));
        Assert.True(
            fault.Message.Contains("does not answer like S3", StringComparison.Ordinal)
                || fault.Message.Contains("larger than any S3 document", StringComparison.Ordinal), fault.Message);
    }

    static string Listing(string content) => $"<ListBucketResult><IsTruncated>false</IsTruncated>{content}</ListBucketResult>";

    static string Entries(int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"<Contents><Key>{i:D4}</Key><ETag>e</ETag><Size>1</Size></Contents>"));

    static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    void Answer(int status, string body) => server.Intercept = async (http, _) =>
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsync(body);
        return true;
    };
}

using System.Globalization;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Pages of a listing that lead nowhere, begin elsewhere, are cut off, or hold too much.</summary>
public sealed class OddPageTests : OddBucket
{
    [Fact]
    public async Task A_page_without_keys_is_passed_over_by_its_token()
    {
        Lists(query => query.Token switch { null => Page([], "one"), "one" => Page([], "two"), _ => Page(["a", "b"], null) });

        Assert.Equal(["a", "b"], await AllAsync());
    }

    [Fact]
    public async Task A_server_whose_token_leads_nowhere_is_given_up()
    {
        Lists(_ => Page([], "again"));

        Assert.Equal(BucketFault.Unordered, (await Assert.ThrowsAsync<BucketException>(AllAsync)).Fault);
    }

    [Fact]
    public async Task A_server_that_ignores_where_to_begin_is_read_by_its_tokens()
    {
        string[] keys = ["a", "b", "c", "d"];
        Lists(
            query => (query.Token ?? "0") is var at && int.Parse(at, CultureInfo.InvariantCulture) is var from
                ? Page(keys[from..(from + 1)], from == 3 ? null : $"{from + 1}")
                : "");

        Assert.Equal(keys, await AllAsync());
        // After an interruption there is no token.
        var pager = await OpenAsync();
        var page = await pager.ReadAsync("b", default);
        Assert.Equal(("c", "c", false), (Assert.Single(page.Objects).Key, page.LastKey, pager.BeginsAnywhere));
        Assert.Equal(["d"], (await pager.ReadAsync("c", default)).Objects.Select(o => o.Key));
        Assert.Null(await pager.FirstKeyAfterAsync("a", default));
    }

    [Fact]
    public async Task A_page_that_begins_too_early_and_not_at_the_very_first_key_is_out_of_order()
    {
        Lists(query => query.StartAfter is null ? Page(["a", "z"], null) : Page(["B", "C"], null));

        Assert.Equal(
            BucketFault.Unordered,
            (await Assert.ThrowsAsync<BucketException>(async () => await (await OpenAsync()).ReadAsync("c", default))).Fault);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_replaced_by_the_last_key()
    {
        Lists(query => query.Token is not null ? "400" : query.StartAfter is null ? Page(["a"], "stale") : Page(["b"], null));

        Assert.Equal(["a", "b"], await AllAsync());
    }

    [Fact]
    public async Task A_listing_may_leave_out_that_it_is_complete()
    {
        Lists(_ => Page(["a"], null).Replace("<IsTruncated>false</IsTruncated>", "", StringComparison.Ordinal));

        Assert.Equal(["a"], await AllAsync());
    }

    [Fact]
    public async Task A_listing_may_leave_out_that_it_goes_on_and_yet_tell_its_token()
    {
        Lists(
            query => query.Token is null
                ? Page(["a"], "more").Replace("<IsTruncated>true</IsTruncated>", "", StringComparison.Ordinal)
                : Page(["b"], null));

        Assert.Equal(["a", "b"], await AllAsync());
    }

    [Theory]
    [InlineData("<html><body>Welcome</body></html>")]
    [InlineData("<ListAllMyBucketsRes/>")]
    [InlineData("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>")]
    [InlineData("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key></Key><Size>1</Size></Contents></ListBucketResult>")]
    public async Task A_page_that_is_no_listing_fails_early_and_for_good(string page)
    {
        Lists(_ => page);

        var fault = await Assert.ThrowsAsync<BucketException>(AllAsync);

        Assert.Equal((BucketFault.Unexpected, false), (fault.Fault, fault.IsTransient));
        Assert.Contains("does not answer like S3", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_cut_off_once_is_read_again()
    {
        var asked = 0;
        Lists(_ => ++asked == 1 ? Page(["a"], null)[..60] : Page(["a"], null));

        Assert.Equal(["a"], await AllAsync());
    }

    [Fact]
    public async Task An_etag_of_more_than_a_kilobyte_is_no_answer_of_s3()
    {
        Lists(_ => Page(["a"], null).Replace("&quot;e&quot;", new('e', 1025), StringComparison.Ordinal));
        Assert.Equal(
            (BucketFault.Unexpected, false),
            (await Assert.ThrowsAsync<BucketException>(AllAsync)) is var list ? (list.Fault, list.IsTransient) : default);

        Heads(http => http.Response.Headers.ETag = new string('e', 1025));
        var head = await Assert.ThrowsAsync<BucketException>(() => Bucket.HeadAsync("a"));
        Assert.Equal((BucketFault.Unexpected, false, "a"), (head.Fault, head.IsTransient, head.Key));
    }

    [Theory]
    [InlineData("<Contents/>", 1001)]
    [InlineData("<Contents/>", 600_000)]
    [InlineData("<a:Contents xmlns:a='http://s3.amazonaws.com/doc/2006-03-01/'/>", 90_000)]
    [InlineData("<Contents><Key>k</Key></Contents>", 1001)]
    [InlineData("<CommonPrefixes><Prefix>k</Prefix></CommonPrefixes>", 1001)]
    public async Task Entries_that_nobody_asked_for_cost_little_memory(string entry, int count)
    {
        Lists(_ => $"<ListBucketResult><IsTruncated>false</IsTruncated>{new StringBuilder().Insert(0, entry, count)}</ListBucketResult>");

        var fault = await Assert.ThrowsAsync<BucketException>(AllAsync);

        Assert.Equal((BucketFault.Unexpected, false), (fault.Fault, fault.IsTransient));
    }

    [Fact]
    public async Task A_document_of_more_than_8_MB_is_no_answer_of_s3()
    {
        Lists(_ => Page(["a"], null) + new string(' ', 8 << 20));

        Assert.False((await Assert.ThrowsAsync<BucketException>(AllAsync)).IsTransient);
    }

    [Theory]
    [InlineData("\uFFFF")]
    [InlineData("\uFFFE")]
    [InlineData("&#x1;")]
    [InlineData("&#65535;")]
    [InlineData("\u0002")]
    public async Task A_marker_that_xml_cannot_carry_is_made_good_by_the_last_key(string marker)
    {
        Server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        Server.Intercept = async (http, kind) =>
        {
            if (kind != "list_versions")
                return false;
            var second = http.Request.Query["key-marker"].Count > 0;
            await http.Response.WriteAsync(
                $"<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>{(second ? "false" : "true")}</IsTruncated>"
                + (second
                    ? $"<KeyMarker>k{marker}</KeyMarker>"
                    : $"<NextKeyMarker>k{marker}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>")
                + $"<Version><Key>{(second
                    ? "l"
                    : "k%EF%BF%BF")}</Key><VersionId>v</VersionId><IsLatest>true</IsLatest>"
                    + "<ETag>\"e\"</ETag><Size>1</Size></Version></ListVersionsResult>");
            return true;
        };

        Assert.Equal(["k\uFFFF", "l"], await AllAsync());
    }

    [Fact]
    public async Task A_token_that_xml_cannot_carry_is_replaced_by_the_last_key()
    {
        Lists(
            query => query.Token is not null
                ? "400"
                : query.StartAfter is null
                    ? Page(["a%EF%BF%BF"], "a\uFFFF")
                    : query.StartAfter == "a\uFFFF" ? Page(["b"], null) : Page([], null));

        Assert.Equal(["a\uFFFF", "b"], await AllAsync());
    }

    [Theory]
    [InlineData(403, "AccessDenied")]
    [InlineData(501, "NotImplemented")]
    [InlineData(400, "InvalidRequest")]
    public async Task Where_versions_are_not_listed_objects_are(int status, string code)
    {
        Server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        Server.Buckets["demo"].Put("a", "1"u8);
        Server.Intercept = async (http, kind) =>
        {
            if (kind != "list_versions")
                return false;
            http.Response.StatusCode = status;
            await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>no</Message></Error>");
            return true;
        };
        var pager = await OpenAsync();

        Assert.Equal(["a"], (await pager.ReadAsync(null, default)).Objects.Select(o => o.Key));
        Assert.False(pager.SeesVersions);
        Assert.Null((await Bucket.ProbeAsync()).Fault);
    }
}

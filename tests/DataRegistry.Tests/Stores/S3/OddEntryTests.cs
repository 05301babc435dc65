using System.Text;
using DataRegistry.LocalHost.Buckets;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Entries of a listing whose key or value cannot be read. They cost no other entry.</summary>
public sealed class OddEntryTests : OddBucket
{
    [Theory]
    [InlineData("a\uFFFF", false)]
    [InlineData("bad%FFkey", true)]
    [InlineData("bad%C3%28", true)]
    [InlineData("bad%ED%A0%80", true)]
    [InlineData("100%", true)]
    [InlineData("&#xD800;", false)]
    [InlineData("", true)]
    public async Task A_key_that_cannot_be_read_is_told_as_such_and_costs_no_other(string key, bool encoded)
    {
        Lists(_ => Page(["a", key, "b"], null).Replace(encoded ? "?" : "<EncodingType>url</EncodingType>", "", StringComparison.Ordinal));

        var page = await (await OpenAsync()).ReadAsync(null, default);

        Assert.Equal(["a", "b"], page.Objects.Select(o => o.Key));
        var damaged = Assert.Single(page.Damaged);
        Assert.True(damaged.ComesAfter(null) && damaged.Reason.EndsWith('.'));
    }

    [Fact]
    public async Task Bytes_that_are_no_utf8_in_a_page_cost_their_entry_only()
    {
        Server.Intercept = async (http, kind) =>
        {
            if (kind != "list")
                return false;
            var page = Encoding.UTF8.GetBytes(Page(["a", "bXd", "e&amp;f"], null)).AsSpan().ToArray();
            page[page.AsSpan().IndexOf((byte)'X')] = 0xFF;
            await http.Response.Body.WriteAsync(page);
            return true;
        };

        var page = await (await OpenAsync()).ReadAsync(null, default);

        Assert.Equal(["a", "e&f"], page.Objects.Select(o => o.Key));
        Assert.Equal("b%FFd", Assert.Single(page.Damaged).Text);
    }

    [Fact]
    public async Task A_bare_ampersand_stands_for_itself()
    {
        Lists(_ => Page(["a&b", "c&nbsp;d"], null));

        Assert.Equal(["a&b", "c&nbsp;d"], await AllAsync());
    }

    [Theory]
    [InlineData("<LastModified></LastModified>")]
    [InlineData("<LastModified/>")]
    [InlineData("<LastModified>yesterday</LastModified>")]
    [InlineData("<LastModified>2026-13-41T00:00:00Z</LastModified>")]
    [InlineData("<Size>many</Size>")]
    [InlineData("<Size></Size>")]
    [InlineData("<Size>-1</Size>")]
    [InlineData("<Size>99999999999999999999</Size>")]
    [InlineData("<RestoreStatus><IsRestoreInProgress>maybe</IsRestoreInProgress><RestoreExpiryDate>x</RestoreExpiryDate></RestoreStatus>")]
    public async Task A_value_that_cannot_be_read_is_unknown_and_costs_nothing_else(string value)
    {
        var name = value[1..value.IndexOfAny(['>', '/'])];
        var replaced = name switch
        {
            "Size" => "<Size>1</Size>",
            "LastModified" => "<LastModified>2026-01-01T00:00:00.000Z</LastModified>",
            _ => "</Contents>",
        };
        Lists(_ =>
        {
            var page = Page(["a", "b"], null);
            var at = page.LastIndexOf(replaced, StringComparison.Ordinal);
            return $"{page[..at]}{value}{(name == "RestoreStatus" ? replaced : "")}{page[(at + replaced.Length)..]}"
                .Replace("<IsTruncated>false", "<KeyCount>many</KeyCount><IsTruncated>no", StringComparison.Ordinal);
        });

        var page = await Bucket.ListAsync(new());

        Assert.Equal(["a", "b"], page.Objects.Select(o => o.Key));
        Assert.Equal((name == "Size", name == "LastModified"), (page.Objects[1].SizeIsUnknown, page.Objects[1].LastModified is null));
        Assert.Equal((false, false), (page.Objects[0].NeedsHead, page.Objects[0].LastModified is null));
    }

    [Theory]
    [InlineData("<ETag>&quot;e&quot;</ETag>", "")]
    [InlineData("&quot;e&quot;", "\u0022")]
    [InlineData("<Key>b</Key>", "<Key>a</Key>")]
    public async Task A_damaged_entry_is_doubtful_and_no_other(string of, string instead)
    {
        Lists(_ =>
        {
            var page = Page(["a", "b", "c"], null);
            var at = page.IndexOf("<Key>b</Key>", StringComparison.Ordinal);
            at = page.IndexOf(of, at, StringComparison.Ordinal);
            return $"{page[..at]}{(instead == "\"" ? new string('e', 2000) : instead)}{page[(at + of.Length)..]}";
        });

        var page = await (await OpenAsync()).ReadAsync(null, default);

        Assert.Equal(instead == "<Key>a</Key>" ? ["a", "c"] : ["a", "b", "c"], page.Objects.Select(o => o.Key));
        Assert.Equal([instead == "<Key>a</Key>" ? "a" : "b"], page.Objects.Where(o => o.IsDoubtful).Select(o => o.Key));
    }

    [Fact]
    public async Task A_server_that_lists_no_etags_at_all_has_no_damaged_entry()
    {
        Lists(_ => Page(["a", "b"], null).Replace("<ETag>&quot;e&quot;</ETag>", "", StringComparison.Ordinal));

        Assert.DoesNotContain((await Bucket.ListAsync(new())).Objects, o => o.NeedsHead);
    }

    [Theory]
    [InlineData("true", "true")]
    [InlineData("false", "false")]
    [InlineData("true", "perhaps", "a2")]
    public async Task Of_a_key_with_two_latest_versions_or_none_a_head_is_to_tell(string first, string second, string? latest = null)
    {
        Server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        Versions(
            _ => Version("a", first, "a2") + Version("a", second, "a1") + Version("b", "true", "b1") + DeleteMarker("c", "false")
                + DeleteMarker("d", "true"), null);

        var page = await (await OpenAsync()).ReadAsync(null, default);

        Assert.Equal([("a", latest is null, latest), ("b", false, "b1")], page.Objects.Select(o => (o.Key, o.IsDoubtful, o.VersionId)));
    }

    [Fact]
    public async Task Damaged_keys_at_the_end_of_a_page_are_told_once()
    {
        Lists(query => query switch
        {
            { Token: null, StartAfter: null } => Page(["a", "b", "b%FF", "b%FE"], "one"),
            { Token: "one" } => Page(["c%FF"], "two"),
            { Token: "two" } => Page(["d"], "three"),
            { Token: "three" } => Page(["e%FF"], null),
            // By its last key, as after an interruption.
            { StartAfter: "b" } => Page(["b%FF", "b%FE", "c%FF", "d"], "three"),
            { StartAfter: "d" } => Page(["e%FF"], null),
            _ => "400",
        });

        var whole = await DamagedAsync(stops: false);

        Assert.Equal(["b%FF", "b%FE", "c%FF", "e%FF"], whole);
        Assert.Equal(whole, await DamagedAsync(stops: true));
    }

    [Fact]
    public async Task Damaged_keys_that_fill_a_page_of_versions_are_passed_over_by_a_list()
    {
        Server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        Versions(
            marker => marker is null
                ? Version("a", "true", "a1") + Version("a%FF", "true", "v")
                : Version("a%FE", "true", "v") + Version("a%FE", "false", "u"), "a%FF");
        var versions = Server.Intercept!;
        Lists(query => query.Token is null ? Page(["a%FE"], "one") : Page(["b"], null));
        var lists = Server.Intercept!;
        Server.Intercept = async (http, kind) => await versions(http, kind) || await lists(http, kind);

        Assert.Equal(["a", "b"], await AllAsync());
        Assert.Equal(["a%FE"], await DamagedAsync(stops: false));
    }

    [Theory]
    [InlineData("<LastModified>0001-01-01T00:00:00Z</LastModified>")]
    [InlineData("<LastModified>1600-12-31T23:59:59.999Z</LastModified>")]
    [InlineData("")]
    public async Task A_time_that_is_none_is_unknown(string time)
    {
        Lists(_ => Page(["a"], null).Replace("<LastModified>2026-01-01T00:00:00.000Z</LastModified>", time, StringComparison.Ordinal));

        Assert.Null(Assert.Single((await Bucket.ListAsync(new())).Objects).LastModified);
    }

    [Fact]
    public async Task A_length_that_a_list_leaves_out_is_unknown_and_no_folder()
    {
        Lists(_ => Page(["a/"], null).Replace("<Size>1</Size>", "", StringComparison.Ordinal));

        var listed = Assert.Single((await Bucket.ListAsync(new())).Objects);
        Assert.Equal((true, false), (listed.SizeIsUnknown, listed.IsFolderMark));
    }

    /// <summary>Reports of damaged keys, with one pager for all pages or one for each.</summary>
    async Task<List<string>> DamagedAsync(bool stops)
    {
        var pager = await OpenAsync();
        var damaged = new List<string>();
        for (string? after = null; ;)
        {
            var page = await pager.ReadAsync(after, default);
            damaged.AddRange(page.Damaged.Select(d => d.Text));
            if ((after = page.LastKey) is null)
                return damaged;
            pager = stops ? await OpenAsync() : pager;
        }
    }

    static string Version(string key, string latest, string id) =>
        $"<Version><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest><ETag>\"e\"</ETag><Size>1</Size></Version>";

    static string DeleteMarker(string key, string latest) =>
        $"<DeleteMarker><Key>{key}</Key><VersionId>m</VersionId><IsLatest>{latest}</IsLatest></DeleteMarker>";

    /// <summary>Sets the answers to LISTs of versions. With a marker there is always more.</summary>
    void Versions(Func<string?, string> entries, string? next) => Server.Intercept = async (http, kind) =>
    {
        if (kind != "list_versions")
            return false;
        await http.Response.WriteAsync(
            $"<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>{(next is null ? "false" : "true")}</IsTruncated>"
            + (next is null ? "" : $"<NextKeyMarker>{next}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>")
            + $"{entries(http.Request.Query["key-marker"].FirstOrDefault())}</ListVersionsResult>");
        return true;
    };
}

using System.Globalization;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Servers that answer differently from Amazon, as reported of gateways and other products.</summary>
public sealed class OddBucketTests : IAsyncLifetime
{
    readonly Buckets buckets = new(new() { MaxRetries = 1, MaxBackoff = TimeSpan.FromMilliseconds(1) });
    BucketServer server = null!;
    Bucket bucket = null!;

    public async Task InitializeAsync()
    {
        server = await BucketServer.StartAsync();
        server.CreateBucket("demo");
        bucket = buckets.Open(Store());
    }

    public async Task DisposeAsync()
    {
        buckets.Dispose();
        await server.DisposeAsync();
    }

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
        var head = await Assert.ThrowsAsync<BucketException>(() => bucket.HeadAsync("a"));
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
    [InlineData(501, "NotImplemented", false)]
    [InlineData(405, "MethodNotAllowed", false)]
    [InlineData(400, "InvalidArgument", false)]
    [InlineData(500, "InternalError", true)]
    [InlineData(502, null, true)]
    [InlineData(429, "TooManyRequests", true)]
    [InlineData(409, "OperationAborted", true)]
    public async Task An_answer_says_whether_trying_again_may_help(int status, string? code, bool transient)
    {
        server.Intercept = async (http, _) =>
        {
            http.Response.StatusCode = status;
            if (code is not null && http.Request.Method != "HEAD")
                await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>no</Message></Error>");
            return true;
        };

        var list = await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new()));
        var head = await Assert.ThrowsAsync<BucketException>(() => bucket.HeadAsync("k"));

        Assert.Equal((transient, transient), (list.IsTransient, head.IsTransient));
        Assert.Equal((status, status), ((int)list.Status!, (int)head.Status!));
        Assert.Equal((null, "k"), (list.Key, head.Key));
        Assert.Equal(code, list.ServerCode is null or "MethodNotAllowed" ? code : list.ServerCode);
    }

    [Theory]
    [InlineData("\uFFFF")]
    [InlineData("\uFFFE")]
    [InlineData("&#x1;")]
    [InlineData("&#65535;")]
    [InlineData("\u0002")]
    public async Task A_marker_that_xml_cannot_carry_is_made_good_by_the_last_key(string marker)
    {
        server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        server.Intercept = async (http, kind) =>
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
        server.Intercept = async (http, kind) =>
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

        var page = await bucket.ListAsync(new());

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

        Assert.DoesNotContain((await bucket.ListAsync(new())).Objects, o => o.NeedsHead);
    }

    [Theory]
    [InlineData("true", "true")]
    [InlineData("false", "false")]
    [InlineData("true", "perhaps", "a2")]
    public async Task Of_a_key_with_two_latest_versions_or_none_a_head_is_to_tell(string first, string second, string? latest = null)
    {
        server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
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
        server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        Versions(
            marker => marker is null
                ? Version("a", "true", "a1") + Version("a%FF", "true", "v")
                : Version("a%FE", "true", "v") + Version("a%FE", "false", "u"), "a%FF");
        var versions = server.Intercept!;
        Lists(query => query.Token is null ? Page(["a%FE"], "one") : Page(["b"], null));
        var lists = server.Intercept!;
        server.Intercept = async (http, kind) => await versions(http, kind) || await lists(http, kind);

        Assert.Equal(["a", "b"], await AllAsync());
        Assert.Equal(["a%FE"], await DamagedAsync(stops: false));
    }

    [Theory]
    [InlineData("x-amz-meta-file(1)", "v")]
    [InlineData("x-amz-meta-big", null)]
    public async Task A_header_that_cannot_be_read_is_a_fault_of_its_key_and_asked_for_once(string name, string? value)
    {
        var asked = 0;
        await using var raw = new RawServer(() =>
        {
            asked++;
            return HeadOf($"{name}: {value ?? new string('x', 70_000)}");
        });

        var fault = await Assert.ThrowsAsync<BucketException>(() => buckets.Open(Store(raw.Url)).HeadAsync("k"));

        Assert.Equal((true, false, "object_unavailable", 1), (fault.IsOfKey(), fault.IsTransient, fault.Code, asked));
    }

    [Theory]
    [InlineData("Last-Modified: yesterday")]
    [InlineData("Last-Modified:")]
    [InlineData("x-amz-mp-parts-count: many")]
    [InlineData("x-amz-object-lock-retain-until-date: never")]
    [InlineData("x-amz-server-side-encryption-bucket-key-enabled: maybe")]
    [InlineData("x-amz-missing-meta: some")]
    [InlineData("x-amz-tagging-count: few")]
    public async Task A_headers_value_that_cannot_be_read_is_unknown(string header)
    {
        await using var raw = new RawServer(() => HeadOf(header));

        var head = await buckets.Open(Store(raw.Url)).HeadAsync("k");

        Assert.Equal(("e", 5, null), (head!.ETag, head.Size, head.LastModified));
    }

    [Fact]
    public async Task A_request_that_hangs_takes_one_time_out()
    {
        using var hasty = new Buckets(new() { MaxBackoff = TimeSpan.FromMilliseconds(1), RequestTimeout = TimeSpan.FromMilliseconds(300) });
        var asked = 0;
        server.Intercept = async (http, _) =>
        {
            asked++;
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };

        var fault = await Assert.ThrowsAsync<BucketException>(() => hasty.Open(Store()).HeadAsync("k"));

        Assert.Equal((BucketFault.Unreachable, true, true, 1), (fault.Fault, fault.IsTransient, fault.IsTimeout, asked));
    }

    [Theory]
    [InlineData(403, "AccessDenied")]
    [InlineData(501, "NotImplemented")]
    [InlineData(400, "InvalidRequest")]
    public async Task Where_versions_are_not_listed_objects_are(int status, string code)
    {
        server.Buckets["demo"].Versioning = EmbeddedVersioning.Enabled;
        server.Buckets["demo"].Put("a", "1"u8);
        server.Intercept = async (http, kind) =>
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
        Assert.Null((await bucket.ProbeAsync()).Fault);
    }

    [Theory]
    [InlineData("<LastModified>0001-01-01T00:00:00Z</LastModified>")]
    [InlineData("<LastModified>1600-12-31T23:59:59.999Z</LastModified>")]
    [InlineData("")]
    public async Task A_time_that_is_none_is_unknown(string time)
    {
        Lists(_ => Page(["a"], null).Replace("<LastModified>2026-01-01T00:00:00.000Z</LastModified>", time, StringComparison.Ordinal));

        Assert.Null(Assert.Single((await bucket.ListAsync(new())).Objects).LastModified);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Mon, 01 Jan 0001 00:00:00 GMT")]
    public async Task A_heads_time_that_is_none_is_unknown(string? time)
    {
        Heads(http => (http.Response.Headers.ETag, http.Response.ContentLength, http.Response.Headers.LastModified) = ("W/\"e\"", 3, time));

        var head = await bucket.HeadAsync("a");

        Assert.Equal((null, 3, "e"), (head!.LastModified, head.Size, head.ETag));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    public async Task A_length_that_a_head_leaves_out_is_asked_for(string content)
    {
        server.Buckets["demo"].Put("a", Encoding.UTF8.GetBytes(content));
        Heads(http => http.Response.Headers.ETag = "\"e\"");

        Assert.Equal(content.Length, (await bucket.HeadAsync("a"))!.Size);
    }

    [Fact]
    public async Task A_length_that_a_list_leaves_out_is_unknown_and_no_folder()
    {
        Lists(_ => Page(["a/"], null).Replace("<Size>1</Size>", "", StringComparison.Ordinal));

        var listed = Assert.Single((await bucket.ListAsync(new())).Objects);
        Assert.Equal((true, false), (listed.SizeIsUnknown, listed.IsFolderMark));
    }

    [Fact]
    public async Task A_bucket_in_the_endpoint_is_named_with_the_endpoint_without_it()
    {
        server.Buckets["demo"].Put("a", "1"u8);

        var probe = await buckets.ProbeAsync(Store($"{server.Url}/demo/"), default);

        Assert.Equal(BucketFault.WrongEndpoint, probe.Fault);
        Assert.Contains($"'{server.Url}'", probe.Message, StringComparison.Ordinal);
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
        server.Intercept = async (http, _) =>
        {
            var known = http.Request.Path.Value is "/s3/demo" or "/s3/demo/";
            http.Response.StatusCode = known ? 200 : 404;
            await http.Response.WriteAsync(
                known ? http.Request.Query.ContainsKey("list-type") ? Page([], null) : "<VersioningConfiguration/>"
                    : "<Error><Code>NoSuchBucket</Code></Error>");
            return true;
        };

        Assert.Null((await buckets.ProbeAsync(Store($"{server.Url}/s3/"), default)).Fault);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_to_another_server_names_it_and_nothing_that_is_signed(int status)
    {
        server.Intercept = (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = $"https://s3.example.com{http.Request.Path}?X-Amz-Signature=secret";
            return Task.FromResult(true);
        };

        var probe = await buckets.ProbeAsync(Store(), default);

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

        var probe = await buckets.ProbeAsync(Store(), default);

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

        var probe = await buckets.ProbeAsync(Store(), default);

        Assert.Contains("version 1 only", probe.Message, StringComparison.Ordinal);
        Assert.Equal((BucketFault.Unexpected, false), (probe.Fault, probe.IsTransient));
    }

    [Fact]
    public async Task A_server_that_counts_nothing_and_begins_where_it_is_asked_to_lists_by_version_2()
    {
        Lists(query => Page(query.StartAfter is null ? ["a"] : [], null));

        Assert.Null((await buckets.ProbeAsync(Store(), default)).Fault);
    }

    [Fact]
    public async Task A_requester_who_pays_says_so_with_every_request_and_in_signed_urls()
    {
        server.Buckets["demo"].Put("a", "1"u8);
        var without = new List<string>();
        server.Intercept = (http, kind) =>
        {
            if (http.Request.Headers["x-amz-request-payer"] != "requester" && http.Request.Query["x-amz-request-payer"] != "requester"
                && kind != "get_versioning")
                without.Add(kind);
            return Task.FromResult(false);
        };
        var store = Store();
        var paying = buckets.Open(store with { Configuration = store.Configuration with { RequesterPays = true } });

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
        server.Intercept = (http, _) =>
        {
            signed |= http.Request.Headers.Authorization.Count > 0;
            return Task.FromResult(false);
        };

        using var others = new Buckets();
        await others.Open(new()
        {
            Id = Guid.NewGuid(),
            Name = "demo",
            Configuration = new("demo", null, server.Url, null, null, null, Anonymous: true),
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

    [Theory]
    [InlineData("GLACIER", null, true)]
    [InlineData("DEEP_ARCHIVE", "ongoing-request=\"true\"", true)]
    [InlineData("GLACIER", "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2040 00:00:00 GMT\"", false)]
    [InlineData("GLACIER_IR", null, false)]
    [InlineData("STANDARD_IA", null, false)]
    public async Task A_head_tells_whether_an_object_is_archived(string storageClass, string? restore, bool archived)
    {
        Heads(http =>
        {
            (http.Response.Headers.ETag, http.Response.ContentLength, http.Response.Headers["x-amz-storage-class"]) =
                ("\"e\"", 3, storageClass);
            if (restore is not null)
                http.Response.Headers["x-amz-restore"] = restore;
        });

        Assert.Equal((storageClass, archived), await bucket.HeadAsync("a") is { } head ? (head.StorageClass, head.IsArchived) : default);
    }

    Store Store(string? url = null) =>
        new() { Id = Guid.NewGuid(), Name = "demo", Configuration = new("demo", null, url ?? server.Url, "key", "secret", null) };

    Task<ObjectPager> OpenAsync() => ObjectPager.OpenAnyAsync(bucket, "", default);

    async Task<List<string>> AllAsync()
    {
        var pager = await OpenAsync();
        var keys = new List<string>();
        for (string? after = null; ;)
        {
            var page = await pager.ReadAsync(after, default);
            keys.AddRange(page.Objects.Select(o => o.Key));
            if ((after = page.LastKey) is null)
                return keys;
        }
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

    static string HeadOf(string header) =>
        $"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n{header}\r\nConnection: close\r\n\r\n";

    static string Version(string key, string latest, string id) =>
        $"<Version><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest><ETag>\"e\"</ETag><Size>1</Size></Version>";

    static string DeleteMarker(string key, string latest) =>
        $"<DeleteMarker><Key>{key}</Key><VersionId>m</VersionId><IsLatest>{latest}</IsLatest></DeleteMarker>";

    /// <summary>Sets the answers to LISTs of versions. With a marker there is always more.</summary>
    void Versions(Func<string?, string> entries, string? next) => server.Intercept = async (http, kind) =>
    {
        if (kind != "list_versions")
            return false;
        await http.Response.WriteAsync(
            $"<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>{(next is null ? "false" : "true")}</IsTruncated>"
            + (next is null ? "" : $"<NextKeyMarker>{next}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>")
            + $"{entries(http.Request.Query["key-marker"].FirstOrDefault())}</ListVersionsResult>");
        return true;
    };

    static string Page(IReadOnlyList<string> keys, string? token) =>
        $"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType><IsTruncated>{(token is null
            ? "false"
            : "true")}</IsTruncated>{(token is null ? "" : $"<NextContinuationToken>{token}</NextContinuationToken>")}"
        + string.Concat(
            keys.Select(
                k =>
                    $"<Contents><Key>{k}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
                    + "<Size>1</Size></Contents>")) + "</ListBucketResult>";

    /// <summary>Sets the answers to LISTs; <c>400</c> is a refusal.</summary>
    void Lists(Func<(string? Token, string? StartAfter), string> answer) => server.Intercept = async (http, kind) =>
    {
        if (kind != "list")
            return false;
        var query = http.Request.Query;
        var page = answer((query["continuation-token"].FirstOrDefault(), query["start-after"].FirstOrDefault()));
        if (page == "400")
            (http.Response.StatusCode, page) = (400, "<Error><Code>InvalidArgument</Code><Message>no</Message></Error>");
        await http.Response.WriteAsync(page);
        return true;
    };

    void Heads(Action<HttpContext> answer) => server.Intercept = (http, kind) =>
    {
        if (kind != "head")
            return Task.FromResult(false);
        answer(http);
        return Task.FromResult(true);
    };
}

using Amazon.S3;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

public abstract partial class BucketContract
{
    [ContractFact]
    public async Task An_empty_bucket_lists_nothing()
    {
        var page = await Bucket.ListAsync(new ListRequest());

        Assert.Empty(page.Objects);
        Assert.Empty(page.CommonPrefixes);
        Assert.Null(page.NextContinuationToken);
    }

    [ContractFact]
    public async Task Pages_of_any_size_give_every_key_once_in_byte_order()
    {
        var keys = Enumerable.Range(0, 2500).Select(
            i => $"k{i * 7919 % 2500:x}/{(i % 3 == 0 ? "\U0001F600" : i % 3 == 1 ? "\uFF21" : "+")}").ToList();
        await PutAllAsync(keys);

        var expected = keys.InByteOrder();
        Assert.Equal(expected, await KeysAsync(new ListRequest()));
        Assert.Equal(expected, await KeysAsync(new ListRequest { MaxKeys = 97 }));
        Assert.Equal(expected.Skip(1200), await KeysAsync(new ListRequest { MaxKeys = 100, StartAfter = expected[1199] }));
    }

    [ContractFact]
    public async Task Odd_keys_are_paged_one_by_one_in_byte_order()
    {
        await PutAllAsync(OddKeys.All);

        Assert.Equal(OddKeys.All.InByteOrder(), await KeysAsync(new ListRequest { MaxKeys = 1 }));
    }

    [ContractFact]
    public async Task A_list_starts_after_any_odd_key()
    {
        await PutAllAsync(OddKeys.All);
        var sorted = OddKeys.All.InByteOrder();

        foreach (var key in OddKeys.All.Append("not there").Append("\u0002").Append("zzz"))
            Assert.Equal(sorted.Where(k => OddKeys.CompareBytes(k, key) > 0), await KeysAsync(new ListRequest { StartAfter = key }));
    }

    [ContractFact]
    public async Task A_list_keeps_to_any_odd_prefix()
    {
        await PutAllAsync(OddKeys.All);
        var sorted = OddKeys.All.InByteOrder();

        foreach (var prefix in OddKeys.All.Append("a").Append("a/").Append("").Append("\u65e5\u65e5").Append("none"))
            Assert.Equal(
                sorted.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)),
                await KeysAsync(new ListRequest { Prefix = prefix, MaxKeys = 7 }));
    }

    [ContractFact]
    public async Task A_start_before_or_behind_the_prefix_keeps_to_the_prefix()
    {
        await PutAllAsync(["a/1", "b/1", "b/2", "c/1"]);

        Assert.Equal(["b/1", "b/2"], await KeysAsync(new ListRequest { Prefix = "b/", StartAfter = "a" }));
        Assert.Equal(["b/2"], await KeysAsync(new ListRequest { Prefix = "b/", StartAfter = "b/1" }));
        Assert.Empty(await KeysAsync(new ListRequest { Prefix = "b/", StartAfter = "c" }));
    }

    [ContractFact]
    public async Task A_delimiter_folds_keys_into_common_prefixes_over_all_pages()
    {
        await PutAllAsync(["a", "b+ %/1", "b+ %/2", "b+ %/c/3", "d", "\u65e5/1", "\u65e5/2", "z"]);

        List<string> objects = [], prefixes = [];
        for (string? token = null; ;)
        {
            var page = await Bucket.ListAsync(new ListRequest { Delimiter = "/", MaxKeys = 2, ContinuationToken = token });
            objects.AddRange(page.Objects.Select(o => o.Key));
            prefixes.AddRange(page.CommonPrefixes);
            if ((token = page.NextContinuationToken) is null)
                break;
        }
        var inside = await Bucket.ListAsync(new ListRequest { Delimiter = "/", Prefix = "b+ %/" });

        Assert.Equal(["a", "d", "z"], objects);
        Assert.Equal(["b+ %/", "\u65e5/"], prefixes);
        Assert.Equal(["b+ %/1", "b+ %/2"], inside.Objects.Select(o => o.Key));
        Assert.Equal(["b+ %/c/"], inside.CommonPrefixes);
    }

    [ContractFact]
    public async Task A_deleted_object_is_no_longer_listed_while_its_versions_are()
    {
        await SetVersioningAsync(VersionStatus.Enabled);
        await PutAllAsync(["a", "b"]);
        await Writer.DeleteObjectAsync(Name, "a");

        Assert.Equal(["b"], await KeysAsync(new ListRequest()));
        Assert.Null(await Bucket.HeadAsync("a"));
        var versions = (await Bucket.ListVersionsAsync(new ListVersionsRequest())).Versions;
        Assert.Equal(
            [("a", true, true), ("a", false, false), ("b", true, false)],
            versions.Select(v => (v.Entry.Key, v.IsLatest, v.IsDeleteMarker)));
        Assert.Null(await Bucket.HeadAsync("a", versions[0].Entry.VersionId));
        Assert.NotNull(await Bucket.HeadAsync("a", versions[1].Entry.VersionId));
    }

    [ContractFact]
    public async Task Versions_are_listed_page_by_page_from_new_to_old()
    {
        await SetVersioningAsync(VersionStatus.Enabled);
        List<(string, string?)> expected = [];
        foreach (var key in new[] { "%", "a b", "a%20b", "a+b", "\u65e5" })
        {
            var ids = new[] { await PutAsync(key, "1"), await PutAsync(key, "2"), await PutAsync(key, "3") };
            expected.AddRange(ids.Reverse().Select(id => (key, id)));
        }

        foreach (var size in new[] { 1, 2, 4, 1000 })
        {
            List<(string, string?)> found = [];
            for (string? key = null, id = null; ;)
            {
                var page = await Bucket.ListVersionsAsync(new ListVersionsRequest
                {
                    MaxKeys = size,
                    KeyMarker = key,
                    VersionIdMarker = id,
                });
                Assert.True(page.Versions.Count <= size);
                found.AddRange(page.Versions.Select(v => (v.Entry.Key, v.Entry.VersionId)));
                if ((key = page.NextKeyMarker) is null)
                    break;
                id = page.NextVersionIdMarker;
            }
            Assert.Equal(expected, found);
        }
        Assert.Equal(
            expected.Skip(3).Take(3),
            (await Bucket.ListVersionsAsync(new ListVersionsRequest { Prefix = "a " })).Versions.Select(
                v => (v.Entry.Key, v.Entry.VersionId)));
        // Ceph also lists the marker's own versions, and no others.
        var after = (await Bucket.ListVersionsAsync(new ListVersionsRequest { KeyMarker = "a+b" })).Versions.Select(
            v => (v.Entry.Key, v.Entry.VersionId));
        Assert.Equal(expected.Skip(12), after.SkipWhile(v => v.Key is "a+b"));
    }

    [ContractFact]
    public async Task A_version_stays_what_it_was_and_a_presigned_url_can_name_it()
    {
        using var browser = new HttpClient();
        await SetVersioningAsync(VersionStatus.Enabled);
        var old = await PutAsync("a b", "old");
        var newer = await PutAsync("a b", "newer");

        Assert.NotEqual(old, newer);
        Assert.Equal(newer, (await Bucket.HeadAsync("a b"))?.VersionId);
        Assert.Equal((3, old), (await Bucket.HeadAsync("a b", old)) is { } head ? (head.Size, head.VersionId) : default);
        Assert.Equal("old", await TextAsync(await Bucket.GetAsync("a b", old)));
        Assert.Equal("old", await browser.GetStringAsync(await Bucket.PresignGetAsync("a b", old, TimeSpan.FromMinutes(5))));
    }

    [ContractFact]
    public async Task With_versioning_suspended_the_version_without_id_is_overwritten_and_the_others_stay()
    {
        await PutAsync("a", "first");
        Assert.Equal(BucketVersioning.Off, await Bucket.GetVersioningAsync());
        await SetVersioningAsync(VersionStatus.Enabled);
        Assert.Equal(BucketVersioning.Enabled, await Bucket.GetVersioningAsync());
        var kept = await PutAsync("a", "kept");
        await SetVersioningAsync(VersionStatus.Suspended);
        Assert.Equal(BucketVersioning.Suspended, await Bucket.GetVersioningAsync());
        await PutAsync("a", "newest one");

        Assert.Null((await Bucket.HeadAsync("a"))!.VersionId);
        var versions = (await Bucket.ListVersionsAsync(new ListVersionsRequest())).Versions;
        Assert.Equal([(null, 10, true), (kept, 4, false)], versions.Select(v => (v.Entry.VersionId, v.Entry.Size, v.IsLatest)));

        await Writer.DeleteObjectAsync(Name, "a");
        versions = (await Bucket.ListVersionsAsync(new ListVersionsRequest())).Versions;
        Assert.Equal([(null, true), (kept, false)], versions.Select(v => (v.Entry.VersionId, v.IsDeleteMarker)));
    }
}

using System.Net;
using System.Text;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

public abstract partial class BucketContract
{
    [ContractFact]
    public async Task A_head_describes_the_object()
    {
        var before = DateTimeOffset.UtcNow.AddMinutes(-5);
        await PutAsync("a/b.txt", "hello");

        var found = await Bucket.HeadAsync("a/b.txt");

        Assert.NotNull(found);
        Assert.Equal(
            ("a/b.txt", 5, "5d41402abc4b2a76b9719d911017c592", "5d41402abc4b2a76b9719d911017c592", (string?)null),
            (found.Key, found.Size, found.ETag, found.Md5, found.VersionId));
        Assert.InRange(found.LastModified!.Value, before, before.AddMinutes(10));
        Assert.Equal(TimeSpan.Zero, found.LastModified.Value.Offset);
    }

    [ContractFact]
    public async Task A_list_describes_the_object_as_its_head_does_but_for_hashes_and_fractions_of_seconds()
    {
        await PutAsync("a", "hello");

        var listed = Assert.Single((await Bucket.ListAsync(new ListRequest())).Objects);
        var headed = (await Bucket.HeadAsync("a"))!;

        Assert.Equal((headed.Key, headed.Size, headed.ETag, headed.VersionId), (listed.Key, listed.Size, listed.ETag, listed.VersionId));
        Assert.Equal(headed.LastModified?.ToUnixTimeSeconds(), listed.LastModified?.ToUnixTimeSeconds());
        Assert.Null(listed.Md5);
    }

    [ContractFact]
    public async Task What_is_not_there_is_null()
    {
        await PutAsync("here");

        Assert.Null(await Bucket.HeadAsync("her"));
        Assert.Null(await Bucket.HeadAsync("here/"));
        Assert.Null(await Bucket.GetAsync("absent"));
        Assert.Null(await Bucket.HeadAsync("absent", "no-such-version"));
        Assert.Null(await Bucket.HeadAsync(new string('k', 1025)));
        Assert.Null(await Bucket.HeadAsync(""));
        Assert.Null(await Bucket.HeadAsync("\ud800"));
    }

    [ContractFact]
    public async Task Each_odd_key_is_its_own_object_to_head_get_and_list()
    {
        await PutAllAsync(OddKeys.All);

        foreach (var key in OddKeys.All)
        {
            Assert.Equal(Encoding.UTF8.GetByteCount(key), (await Bucket.HeadAsync(key))?.Size);
            Assert.Equal(key, await TextAsync(await Bucket.GetAsync(key)));
        }
        Assert.Equal(OddKeys.All.InByteOrder(), await KeysAsync(new ListRequest()));
    }

    [ContractFact]
    public async Task A_range_is_given_as_asked()
    {
        await PutAsync("a", "0123456789");

        var content = await Bucket.GetAsync("a", range: new ByteSpan(2, 4));

        Assert.Equal(3, content!.Length);
        Assert.Equal("234", await TextAsync(content));
        Assert.Equal("89", await TextAsync(await Bucket.GetAsync("a", range: new ByteSpan(8, 100))));
        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.GetAsync("a", range: new ByteSpan(10, 11))));
    }

    [ContractFact]
    public async Task Content_is_given_only_if_it_is_still_the_one_meant()
    {
        await PutAsync("a", "hello");

        Assert.Equal("hello", await TextAsync(await Bucket.GetAsync("a", ifMatch: "5d41402abc4b2a76b9719d911017c592")));
        Assert.Null(await Bucket.GetAsync("a", ifMatch: "00000000000000000000000000000000"));
    }

    [ContractFact]
    public async Task A_presigned_url_downloads_the_exact_bytes_under_a_name()
    {
        using var browser = new HttpClient();
        await PutAllAsync(OddKeys.All);

        foreach (var key in OddKeys.All.Where(Bucket.CanPresign))
            Assert.Equal(key, await browser.GetStringAsync(await Bucket.PresignGetAsync(key, null, TimeSpan.FromMinutes(5))));

        var named = await browser.GetAsync(
            await Bucket.PresignGetAsync("plain", null, TimeSpan.FromMinutes(5), "r\u00e9sum\u00e9 \"1\".txt"));
        Assert.Equal("r\u00e9sum\u00e9 \"1\".txt", named.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [ContractFact]
    public async Task Keys_that_urls_would_bend_are_refused_to_be_presigned()
    {
        foreach (var key in new[] { ".", "..", "a/../b", "./a", "a/.", "/a", "" })
        {
            Assert.False(Bucket.CanPresign(key));
            await Assert.ThrowsAsync<ArgumentException>(() => Bucket.PresignGetAsync(key, null, TimeSpan.FromMinutes(5)));
        }
    }

    [ContractFact]
    public async Task An_expired_presigned_url_is_refused()
    {
        using var browser = new HttpClient();
        await PutAsync("a");
        var url = await Bucket.PresignGetAsync("a", null, TimeSpan.FromSeconds(1));

        // The SDK and the servers use the machine's clock, so a second must pass.
        await Host.Eventually.IsTrueAsync(
            async () => (await browser.GetAsync(url)).StatusCode == HttpStatusCode.Forbidden, "the URL is refused");
    }

    [ContractFact]
    public async Task Without_an_access_key_nothing_is_presigned() =>
        Assert.Equal(
            BucketFault.InvalidCredentials,
            await FaultAsync(() => Open(accessKeyId: null).PresignGetAsync("a", null, TimeSpan.FromMinutes(5))));
}

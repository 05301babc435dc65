using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Adoption;

public sealed class ListAndHeadTests
{
    [Theory]
    [InlineData(EmbeddedVersioning.Off)]
    [InlineData(EmbeddedVersioning.Enabled)]
    [InlineData(EmbeddedVersioning.Suspended)]
    public async Task Lists_and_heads_say_the_same_of_every_key(EmbeddedVersioning versioning)
    {
        await using var service = await TestService.StartAsync();
        service.Bucket.Versioning = versioning;
        var random = new Random(5);
        var stem = new string('l', 470) + "/ü𝒳";
        var wanted = new List<string>();
        for (var i = 0; i < 6000; i++)
        {
            var key = "p/" + (i % 4) switch { 0 => $"{i:D5}", 1 => $"{stem}/{random.Next():x8}", 2 => $"\uE000{i}", _ => $"𝒳{i}/" };
            if (i % 3 != 0)
                service.Put(key);
            if (i % 7 == 0)
                service.Bucket.Delete(key);
            if (i % 50 == 0)
                service.Put(key, key, key);
            // Dense and sparse stretches.
            if (i < 2500 || i % 97 == 0)
                wanted.Add(key);
        }

        for (var i = 0; i < 2100; i++)
            service.Bucket.Put("p/00004", Encoding.UTF8.GetBytes($"{i}"));
        service.Put("o/before", "p", "q/after");
        wanted.AddRange(["p/", "p/\uFFFF"]);
        wanted.Sort(OrderedKey.Compare);

        var bucket = service.Services.GetRequiredService<Buckets>().Open(service.Store);
        var finder = service.Services.GetRequiredService<ObjectFinder>();
        var found = await finder.FindAsync(bucket, "p/", wanted, default);
        var heads = await finder.HeadAsync(bucket, "p/", wanted, default);
        Assert.Equal(wanted.Count, found.Count);
        Assert.True(found.Count(p => p.Object is not null) > 1000);
        Assert.All(wanted.Zip(found, heads), one => Assert.Equal(
            (one.First, one.Third.Object?.Key, one.Third.Object?.ETag, one.Third.Object?.VersionId, one.Third.Object?.Size),
            (one.First, one.Second.Object?.Key, one.Second.Object?.ETag, one.Second.Object?.VersionId, one.Second.Object?.Size)));

        // Stored keys are found again, even those that share more than their first 480 bytes.
        using var response = await service.AdoptUrlsAsync(wanted.Select(service.Url));
        await service.DrainAsync();
        var created = (await service.GetAsync(response.Headers.Location!.AbsolutePath)).GetProperty("counts").GetProperty("created")
            .GetInt32();
        Assert.Equal(heads.Count(h => h.Object is not null), created);
        var located = await service.Services.GetRequiredService<DataRegistry.Datums.LocationTable>().FindAsync(
            service.Store.Id, wanted, 4, default);
        Assert.Equal(wanted.Zip(heads).Where(p => p.Second.Object is not null).Select(p => p.First), wanted.Where(located.ContainsKey));
        Assert.Equal(created, (await service.GetDatumsAsync()).Count);
    }
}

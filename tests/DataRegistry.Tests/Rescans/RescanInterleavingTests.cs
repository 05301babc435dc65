using System.Net;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>
/// Runs an action before each request of a scan to the tables or the bucket, one request after the other. The scan's
/// findings must be true afterwards, and the next scan must find the rest.
/// </summary>
public sealed class RescanInterleavingTests : IAsyncLifetime
{
    /// <summary>
    /// A test tries every eleventh request of a scan, because many are alike: locations are read in sixteen requests. Each test begins at
    /// another request.
    /// </summary>
    const int Stride = 11;

    /// <summary>Of two shards, so that a scan has few writes.</summary>
    static readonly string[][] Pairs = TestKeys.Pairs(3);

    static readonly string Missing = Pairs[0][0], Changed = Pairs[0][1], Unchanged = Pairs[1][0], Purged = Pairs[1][1];

    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(
            ("Adoption:TableRequestsInFlight", "1"), ("Adoption:HeadsInFlight", "1"), ("Adoption:RangesPerJob", "1"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public Task What_is_adopted_meanwhile_is_never_missing() => AtEachRequestAsync(
        0,
        n => service.AdoptAllAsync($"new-{n:D4}"),
        async n =>
        {
            Assert.NotEqual("missing", await service.DriftAsync($"new-{n:D4}"));
            Assert.NotEqual("changed", await service.DriftAsync($"new-{n:D4}"));
        },
        n => $"unchanged {4 + (n / Stride)}, changed 1, missing 1");

    [Fact]
    public Task What_is_deleted_meanwhile_is_missing_now_or_next_time() => AtEachRequestAsync(
        2,
        _ =>
        {
            service.Bucket.Delete(Unchanged);
            return Task.CompletedTask;
        },
        async _ => Assert.Contains(await service.DriftAsync(Unchanged), new[] { "none", "missing" }),
        _ => "unchanged 3, changed 1, missing 2",
        restore: () => service.Put(Unchanged));

    [Fact]
    public Task What_is_replaced_meanwhile_is_changed_now_or_next_time_and_never_missing() => AtEachRequestAsync(
        4,
        _ =>
        {
            service.Bucket.Put(Unchanged, "other"u8);
            return Task.CompletedTask;
        },
        async _ => Assert.Contains(await service.DriftAsync(Unchanged), new[] { "none", "changed" }),
        _ => "unchanged 3, changed 2, missing 1",
        restore: () => service.Put(Unchanged));

    [Fact]
    public Task What_is_purged_and_adopted_anew_meanwhile_is_as_it_was_adopted() => AtEachRequestAsync(
        6,
        async _ =>
        {
            // The changed object: its new datum is the one at the URL.
            await PurgeAsync(Changed);
            using var adopted = await service.AdoptUrlAsync(service.Url(Changed));
            Assert.True(adopted.IsSuccessStatusCode, service.Logs);
        },
        async _ => Assert.Contains(await service.DriftAsync(Changed), new[] { "none", "unknown" }),
        _ => "unchanged 5, missing 1",
        restore: () => service.Bucket.Put(Changed, Guid.NewGuid().ToByteArray()));

    [Fact]
    public Task What_is_purged_meanwhile_is_nobodys() => AtEachRequestAsync(
        8,
        async _ =>
        {
            await PurgeAsync(Purged);
            await PurgeAsync(Changed);
        },
        async _ => Assert.Null(await service.DriftAsync(Purged)),
        _ => "unchanged 3, missing 1, skipped 2",
        restore: async () =>
        {
            service.Put(Changed);
            await service.AdoptAllAsync(Changed, Purged);
            service.Bucket.Put(Changed, "changed"u8);
        });

    [Fact]
    public Task What_was_missing_and_is_put_back_meanwhile_is_so_now_or_next_time() => AtEachRequestAsync(
        10,
        _ =>
        {
            service.Put(Missing);
            return Task.CompletedTask;
        },
        async _ => Assert.Contains(await service.DriftAsync(Missing), new[] { "none", "missing" }),
        _ => null,
        restore: () => service.Bucket.Delete(Missing));

    Task AtEachRequestAsync(int first, Func<int, Task> meanwhile, Func<int, Task> holds, Func<int, string?> next, Action? restore = null) =>
        AtEachRequestAsync(first, meanwhile, holds, next, () =>
        {
            restore?.Invoke();
            return Task.CompletedTask;
        });

    /// <param name="first">The number of the first request that is tried; below <see cref="Stride"/>.</param>
    /// <param name="holds">Checks the state after the scan.</param>
    /// <param name="next">The counts of the next scan; null if they vary.</param>
    async Task AtEachRequestAsync(
        int first, Func<int, Task> meanwhile, Func<int, Task> holds, Func<int, string?> next, Func<Task> restore)
    {
        await service.AdoptAllAsync([.. Pairs.SelectMany(p => p)]);
        for (var at = first; ; at += Stride)
        {
            service.Bucket.Delete(Missing);
            service.Bucket.Put(Changed, "changed"u8);
            await restore();
            await service.ScanAsync();
            if (at % 2 == 0)
            {
                // Also with new marks, not only with existing ones.
                service.Put(Missing, Changed);
                await service.ScanAsync();
                service.Bucket.Delete(Missing);
                service.Bucket.Put(Changed, "changed"u8);
            }

            var path = await service.AcceptScanAsync();
            var (requests, done) = (0, false);
            async Task StepAsync()
            {
                if (done || Interlocked.Increment(ref requests) - 1 != at)
                    return;
                done = true;
                await meanwhile(at);
            }

            service.Transport.Sending = () => StepAsync().GetAwaiter().GetResult();
            service.Server.Intercept = async (_, _) =>
            {
                await StepAsync();
                return false;
            };
            await service.DrainAsync();
            (service.Transport.Sending, service.Server.Intercept) = (null, null);
            Assert.Equal("completed", (await service.GetAsync(path)).GetProperty("status").GetString());
            if (!done)
            {
                Assert.True(at > 3 * Stride, $"A scan had {at} requests or fewer.");
                return;
            }

            await holds(at);
            var then = await service.ScanAsync();
            if (next(at + Stride) is { } expected)
                Assert.Equal(expected, Counts(then));
            await holds(at);
        }
    }

    async Task PurgeAsync(string key)
    {
        var found = (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&uri={service.Url(key)}")).GetProperty("results")
            .EnumerateArray().ToList();
        if (found is [var datum])
            Assert.Equal(
                HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{datum.GetProperty("id").GetString()}/purge/"));
    }
}

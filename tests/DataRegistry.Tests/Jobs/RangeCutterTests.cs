using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Jobs;

public sealed class RangeCutterTests
{
    public static TheoryData<string, string[], double> Buckets => new()
    {
        { "numbered", Sorted(Enumerable.Range(0, 50_000).Select(n => $"data/train/frame_{n:D7}.bin")), 0.25 },
        { "hashes", Sorted(
            Enumerable.Range(0, 50_000).Select(
                n => $"objects/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(n)))}")), 0.4 },
        { "99 % in one folder", Sorted(
            Enumerable.Range(0, 50_000).Select(n => n % 100 == 0 ? $"a{n % 700:D3}/{n:D6}" : $"m/very/deep/down/in/one/place/{n:D6}.jpg")),
            0.1 },
        { "days", Sorted(
            Enumerable.Range(0, 50_000).Select(n => $"logs/2026/{1 + n % 12:00}/{1 + n / 12 % 28:00}/host-{n % 7}/{n}.gz")), 0.1 },
        { "beyond ASCII", Sorted(
            Enumerable.Range(0, 50_000).Select(n => $"bücher/{(char)('Ā' + n % 90)}/{(n % 3 == 0 ? "\uE000" : "𝒳")}/{n:D6}")), 0.001 },
    };

    /// <param name="least">The smaller part has at least this share of what is left.</param>
    [Theory]
    [MemberData(nameof(Buckets))]
    public async Task The_first_cut_costs_a_dozen_requests_and_leaves_keys_on_both_sides(string bucket, string[] keys, double least)
    {
        var cut = await CutterOf(keys).FindAsync(keys[999], null, null, keys[..1000], 12, default);
        Assert.True(cut.At is not null, bucket);
        Assert.InRange(cut.Probes, 1, 12);
        var before = keys.Count(k => OrderedKey.Compare(k, keys[999]) > 0 && OrderedKey.Compare(k, cut.At) <= 0);
        var after = keys.Count(k => OrderedKey.Compare(k, cut.At) > 0);
        Assert.True(
            Math.Min(before, after) >= least * (keys.Length - 1000) / 2,
            $"{bucket}: {before} and {after} at '{cut.At}' after {cut.Probes} requests");
    }

    [Theory]
    [MemberData(nameof(Buckets))]
    public async Task Cutting_again_and_again_comes_down_to_ranges_of_a_page(string bucket, string[] keys, double least)
    {
        _ = least;
        // Like the workers: cut the largest rest next, with the knowledge from before.
        var cutter = CutterOf(keys);
        var ranges = new List<(string? After, string? Until, string? Upper, int Count)> { (null, null, null, keys.Length) };
        var probes = 0;
        while (ranges.MaxBy(r => r.Count) is { Count: > 4000 } largest)
        {
            ranges.Remove(largest);
            var inside = keys.Where(
                k => (largest.After is null || OrderedKey.Compare(k, largest.After) > 0)
                    && (largest.Until is null || OrderedKey.Compare(k, largest.Until) <= 0)).ToArray();
            var cut = await cutter.FindAsync(inside[999], largest.Until, largest.Upper, inside[..1000], 20, default);
            Assert.True(
                cut.At is not null, $"{bucket}: a range of {inside.Length} keys after '{inside[999]}' is not cut, upper '{cut.Upper}'");
            probes += cut.Probes;
            ranges.Add((largest.After, cut.At, cut.At, inside.Count(k => OrderedKey.Compare(k, cut.At) <= 0)));
            ranges.Add((cut.At, largest.Until, cut.Upper, inside.Count(k => OrderedKey.Compare(k, cut.At) > 0)));
            Assert.True(ranges.Count < 200, $"{bucket}: too many ranges");
        }

        Assert.Equal(keys.Length, ranges.Sum(r => r.Count));
        Assert.True(probes <= 8 * ranges.Count, $"{bucket}: {probes} requests for {ranges.Count} ranges");
    }

    [Fact]
    public async Task A_range_whose_keys_were_all_seen_is_not_cut()
    {
        string[] keys = Sorted(Enumerable.Range(0, 100).Select(n => $"a/{n:D3}"));
        var cut = await CutterOf(keys).FindAsync(keys[^1], null, null, keys, 20, default);
        Assert.Null(cut.At);
    }

    [Fact]
    public async Task A_search_ends_with_its_last_request()
    {
        string[] keys = Sorted(Enumerable.Range(0, 3000).Select(n => $"{new string('x', 500)}{n:D6}"));
        var cut = await CutterOf(keys).FindAsync(keys[999], null, null, keys[..1000], 3, default);
        Assert.InRange(cut.Probes, 1, 3);
    }

    static RangeCutter CutterOf(string[] keys) => new((after, _) =>
    {
        var index = Array.BinarySearch(keys, after, OrderedKey.Comparer);
        return Task.FromResult(keys.ElementAtOrDefault(index < 0 ? ~index : index + 1));
    });

    static string[] Sorted(IEnumerable<string> keys)
    {
        var sorted = keys.Distinct().ToArray();
        Array.Sort(sorted, OrderedKey.Comparer);
        return sorted;
    }
}

using System.Globalization;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Adoption;

static class TestKeys
{
    /// <summary>
    /// Keys of the first shards only, for tests that go through all writes of a job. Each window still has several
    /// transactions in several partitions, but not sixteen of each, which are all alike.
    /// </summary>
    public static string[] OfShards(int shards, int count, string prefix = "") =>
        [.. Enumerable.Range(0, int.MaxValue).Select(
            n => string.Create(CultureInfo.InvariantCulture, $"{prefix}{n:D5}-ü")).Where(k => Shards.Of(k) < shards).Take(count)];

    /// <summary>Pairs of keys, one of each of the first two shards, for tests that change two objects and want two transactions.</summary>
    public static string[][] Pairs(int count)
    {
        var keys = OfShards(2, 8 * count).ToLookup(Shards.Of);
        return [.. keys[0].Zip(keys[1], (first, second) => new[] { first, second }.Order(StringComparer.Ordinal).ToArray()).Take(count)];
    }
}

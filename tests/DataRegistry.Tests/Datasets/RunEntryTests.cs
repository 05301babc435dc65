using System.Buffers;
using DataRegistry.Datasets;
using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Datasets;

/// <summary>Entries in sorted runs: their bytes sort as their paths do.</summary>
public sealed class RunEntryTests
{
    static readonly string[] Paths =
    [
        "a", "a ", "a/", "ab", "a\u00A0", "b", "\uE000", "\U0001F600", new('x', 1023), new('x', 1024),
    ];

    [Fact]
    public void An_entry_comes_back_and_its_bytes_sort_as_its_path()
    {
        foreach (var (first, second) in Paths.SelectMany(a => Paths.Select(b => (a, b))))
        {
            var (one, other) = (Written(first), Written(second));
            Assert.Equal(first, RunEntry.Read(one).Path);
            if (first != second)
                Assert.Equal(
                    Math.Sign(ManifestEntry.PathOrder.Compare(first, second)), Math.Sign(one.AsSpan().SequenceCompareTo(other)));
            Assert.InRange(one.Length, 1, SortedRuns.MaxEntryBytes);
        }
    }

    static byte[] Written(string path)
    {
        var buffer = new ArrayBufferWriter<byte>();
        RunEntry.Write(
            new()
            {
                Path = path,
                Datum = new(TimedId.Create(DateTimeOffset.UnixEpoch, 0, (ulong)Random.Shared.NextInt64(1, long.MaxValue))),
                Store = Guid.Empty,
                Bucket = new('b', 63),
                Key = path,
                Size = 1,
                Etag = "e",
                VersionId = new('v', 1024),
            },
            buffer);
        return buffer.WrittenSpan.ToArray();
    }
}

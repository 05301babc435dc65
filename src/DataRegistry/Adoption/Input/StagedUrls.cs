using System.Globalization;
using DataRegistry.Jobs;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// A request's URLs, of any number, in bounded memory: what does not fit is put away as sorted runs, in a folder of the request's own. They
/// go when
/// the request ends; those of a process that died are collected later (<see cref="JobCollection"/>).
/// </summary>
sealed class StagedUrls(JobBlobs blobs, IOptions<JobOptions> options) : IAsyncDisposable
{
    /// <summary>
    /// Bytes of a URL in UTF-8 that are looked at at all. No good one is longer than 1100 (<see cref="Stores.S3Url.MaxKeyBytes"/> and a
    /// bucket); a bad one
    /// is reported as it is, so it may be longer, but not so long that a few of them fill the memory.
    /// </summary>
    public const int MaxUrlBytes = 8 * 1024;

    readonly RunBuffer buffer = new();
    readonly string folder = $"{JobBlobs.StagingFolder}{Guid.CreateVersion7():N}/";
    readonly List<string> runs = [];

    /// <summary>All URLs, repeated ones too.</summary>
    public long Count { get; private set; }

    /// <summary>No more can be added before some are put away.</summary>
    public bool IsFull => buffer.Count >= options.Value.RunUrls || buffer.Bytes >= options.Value.RunBytes;

    /// <summary>Nothing had to be put away.</summary>
    public bool IsInMemory => runs.Count == 0;

    public void Add(ReadOnlySpan<byte> url)
    {
        Count++;
        buffer.Add(url);
    }

    public async Task SpillAsync(CancellationToken cancellationToken)
    {
        buffer.Sort();
        var run = string.Create(CultureInfo.InvariantCulture, $"{folder}{runs.Count:D6}");
        runs.Add(run);
        await StoredRun.WriteAsync(blobs, run, buffer, cancellationToken);
        buffer.Clear();
    }

    /// <summary>All of them as they came, where they are few enough to be still in memory; not to be asked of more.</summary>
    public IReadOnlyList<string> AsList() =>
        IsInMemory ? [.. buffer.Texts] : throw new InvalidOperationException($"{Count} URLs are too many for a list.");

    /// <summary>All of them sorted, once each, with how often they came. Then nothing can be added any more.</summary>
    public async IAsyncEnumerable<(ReadOnlyMemory<byte> Url, long Count)> SortAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        buffer.Sort();
        var pieceBytes = SortedRuns.MergeBytes / Math.Max(1, runs.Count);
        List<StoredRun> stored = [.. runs.Select(run => new StoredRun(run, 0, pieceBytes, blobs))];
        try
        {
            await foreach (var url in SortedRuns.MergeAsync([new BufferedRun(buffer), .. stored], cancellationToken))
                yield return url;
        }
        finally
        {
            stored.ForEach(r => r.Dispose());
        }
    }

    /// <summary>Puts the memory back and deletes the runs; also where the request has failed, or its caller has hung up.</summary>
    public async ValueTask DisposeAsync()
    {
        buffer.Dispose();
        if (runs.Count > 0)
            await blobs.TryDeleteAsync(folder, CancellationToken.None);
    }
}

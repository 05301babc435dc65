using System.Globalization;
using DataRegistry.Jobs;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// A request's URLs, of any number, in bounded memory. URLs that do not fit are written as sorted runs, in a folder of
/// the request. The runs are deleted when the request ends; <see cref="JobCollection"/> deletes those of a dead
/// process.
/// </summary>
sealed class StagedUrls(JobBlobs blobs, IOptions<JobOptions> options) : IAsyncDisposable
{
    /// <summary>
    /// The most UTF-8 bytes of a URL. No valid one is longer than 1100 (<see cref="Stores.S3Url.MaxKeyBytes"/> and a
    /// bucket). Invalid ones are reported in full, so they may be longer, but a few of them must not fill the memory.
    /// </summary>
    public const int MaxUrlBytes = 8 * 1024;

    readonly RunBuffer buffer = new();
    readonly string folder = $"{JobBlobs.StagingFolder}{Guid.CreateVersion7():N}/";
    readonly List<string> runs = [];

    /// <summary>All URLs, with repetitions.</summary>
    public long Count { get; private set; }

    /// <summary>No URL can be added before a run is written.</summary>
    public bool IsFull => buffer.Count >= options.Value.RunUrls || buffer.Bytes >= options.Value.RunBytes;

    /// <summary>No run was written.</summary>
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

    /// <summary>All URLs in their original order. Only for a list that is still in memory.</summary>
    public IReadOnlyList<string> AsList() =>
        IsInMemory ? [.. buffer.Texts] : throw new InvalidOperationException($"{Count} URLs are too many for a list.");

    /// <summary>All URLs sorted, once each, with their occurrences. Afterwards no URL can be added.</summary>
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

    /// <summary>Returns the memory and deletes the runs, even if the request has failed or its caller has hung up.</summary>
    public async ValueTask DisposeAsync()
    {
        buffer.Dispose();
        if (runs.Count > 0)
            await blobs.TryDeleteAsync(folder, CancellationToken.None);
    }
}

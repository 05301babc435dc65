using System.Globalization;
using System.Text;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Writes a job's input from sorted URLs: windows of keys, and results for refused URLs. Nothing of it counts before
/// rows name it. It holds one window's keys and one blob's refusals in memory.
/// </summary>
/// <param name="exclude">Keys that match one of these patterns are skipped.</param>
/// <remarks>Its output depends on its input alone, so it may be repeated, even at the same time.</remarks>
sealed class InputWriter(JobBlobs blobs, JobId job, Store store, KeyGlobs exclude, int windowKeys)
{
    /// <summary>Refusals in a blob. A page of results reads its blob from the beginning.</summary>
    public const int MaxRefusals = 10_000;

    readonly List<string> keys = [];
    readonly List<AdoptionFailure> refused = [];
    readonly List<ResultsRow> results = [];

    /// <summary>The windows written so far, including those of an earlier delivery.</summary>
    public int Windows { get; set; }

    /// <summary>The number of blobs of refusals that earlier deliveries wrote.</summary>
    public int FirstRefused { private get; init; }

    /// <summary>The places of the written refusals.</summary>
    public IReadOnlyList<ResultsRow> Results => results;

    /// <summary>The counts of the written refusals.</summary>
    public Counts Refused { get; private set; }

    /// <summary>Adds the next URL, in the order of their bytes.</summary>
    /// <param name="count">How many times the input has it. One of these counts as the URL itself.</param>
    public async ValueTask AddAsync(ReadOnlyMemory<byte> url, long count, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(url.Span);
        if (AdoptionInput.Refuse(text, store, exclude, out var key, cancellationToken) is { } failure)
            await RefuseAsync(failure, cancellationToken);
        else
            keys.Add(key);
        for (; count > 1; count--)
            await RefuseAsync(AdoptionFailure.Duplicate(text), cancellationToken);
        if (keys.Count == windowKeys)
            await WriteKeysAsync(cancellationToken);
    }

    async Task WriteRefusedAsync(CancellationToken cancellationToken)
    {
        if (refused.Count == 0)
            return;
        var skipped = refused.Count(r => r.Outcome == AdoptionFailure.Skipped);
        var counts = new Counts { Failed = refused.Count - skipped, Skipped = skipped };
        var number = FirstRefused + results.Count;
        results.Add(
            WorkTable.NewInputResults(
                job, number,
                await blobs.WriteResultsAsync(
                    job, string.Create(CultureInfo.InvariantCulture, $"input-{number:D6}"), refused, AdoptionFailure.Stored,
                    cancellationToken), counts));
        Refused += counts;
        refused.Clear();
    }

    /// <summary>Writes the rest, at the input's end or at a checkpoint. The last window may then be short.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (keys.Count > 0)
            await WriteKeysAsync(cancellationToken);
        await WriteRefusedAsync(cancellationToken);
    }

    /// <summary>The ranges of an input of this many windows.</summary>
    /// <param name="first">Number of the first range.</param>
    public static List<WorkRow> Ranges(JobId job, int windows, int windowsPerRange, int first) =>
    [
        .. Enumerable.Range(0, (windows + windowsPerRange - 1) / windowsPerRange)
            .Select(r => WorkTable.NewRange(job, first + r, r * windowsPerRange, Math.Min(windows, (r + 1) * windowsPerRange))),
    ];

    async Task WriteKeysAsync(CancellationToken cancellationToken)
    {
        await blobs.WriteInputAsync(job, Windows, keys, cancellationToken);
        keys.Clear();
        Windows++;
    }

    async ValueTask RefuseAsync(AdoptionFailure failure, CancellationToken cancellationToken)
    {
        refused.Add(failure);
        if (refused.Count == MaxRefusals)
            await WriteRefusedAsync(cancellationToken);
    }
}

using System.Globalization;
using System.Text;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Adoption.Input;

/// <summary>
/// Makes a job's input of sorted URLs: windows of keys, and what is refused at the door. Nothing of it counts before rows name it. It holds
/// a window's keys and a blob's refusals in memory.
/// </summary>
/// <param name="exclude">Keys that one of these matches are skipped.</param>
/// <remarks>What it writes follows from what it is given alone, so it may be done again, or twice at a time.</remarks>
sealed class InputWriter(JobBlobs blobs, JobId job, Store store, KeyGlobs exclude, int windowKeys)
{
    /// <summary>Refusals in a blob: a page of results reads those before it in its blob, too.</summary>
    public const int MaxRefusals = 10_000;

    readonly List<string> keys = [];
    readonly List<AdoptionFailure> refused = [];
    readonly List<ResultsRow> results = [];

    /// <summary>The windows that are written, also by who began the input before.</summary>
    public int Windows { get; set; }

    /// <summary>The blobs of refusals that were written before.</summary>
    public int FirstRefused { private get; init; }

    /// <summary>Where the refusals stand that are written.</summary>
    public IReadOnlyList<ResultsRow> Results => results;

    /// <summary>How many are written.</summary>
    public Counts Refused { get; private set; }

    /// <summary>Takes the next URL: after the one before, in the order of their bytes.</summary>
    /// <param name="count">How often it was given. Once it counts as itself.</param>
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

    /// <summary>Writes what is left: at the input's end, or at a checkpoint, where the last window may be a short one.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (keys.Count > 0)
            await WriteKeysAsync(cancellationToken);
        await WriteRefusedAsync(cancellationToken);
    }

    /// <summary>The ranges of an input of so many windows.</summary>
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

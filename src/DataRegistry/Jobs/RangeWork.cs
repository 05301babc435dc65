using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>The work on a range's windows, one after the other.</summary>
abstract class RangeWork
{
    /// <summary>
    /// Does the range's next window, or says why the job cannot go on. A repeated call has the same result, even while another one still
    /// runs.
    /// </summary>
    /// <param name="goesOn"> Whether this delivery also does the next window, so that it may be read ahead. If false,
    /// another delivery does it.
    /// </param>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken);

    /// <summary>
    /// Cuts the range in two, so that another worker can share it. Null if the range's row has changed meanwhile.
    /// </summary>
    public virtual Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        Task.FromResult<RangeShare?>(new(range));
}

/// <summary>A finished window. It counts once the range's checkpoint is written.</summary>
/// <param name="Results">The place of the window's results; null if none.</param>
/// <param name="After">Of a range of keys: every key up to this one is in the window, or before it.</param>
/// <param name="Ends">Whether it is the range's last window.</param>
sealed record WindowDone(Counts Counts, ResultsRow? Results, string? After, bool Ends)
{
    /// <summary>The job cannot go on, and fails with this error; the window counts nothing. Null if the window is done.</summary>
    public string? Error { get; init; }

    /// <summary>The last window of a range, without counts and results.</summary>
    public static WindowDone Last { get; } = new(default, Results: null, After: null, Ends: true);

    public static WindowDone Failed(string error) => new(default, null, null, Ends: false) { Error = error };
}

/// <summary>A range after an attempt to cut it.</summary>
/// <param name="Range">The range: shorter, or with the attempt's findings.</param>
/// <param name="Rest">The new range with the rest; null if the range was not cut.</param>
sealed record RangeShare(WorkRow Range, WorkRow? Rest = null);

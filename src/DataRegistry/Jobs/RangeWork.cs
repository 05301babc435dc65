using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>The work on a range's windows, one after the other.</summary>
abstract class RangeWork
{
    /// <summary>Does the range's next window, or says why the job cannot go on. Repeating it has the same result, also while it still runs elsewhere.</summary>
    /// <param name="goesOn">
    /// This delivery does the next window, too, so it may be read ahead. Otherwise another delivery does it.
    /// </param>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken);

    /// <summary>Cuts the range in two, so that another worker can share it. Null where the range's row has changed meanwhile.</summary>
    public virtual Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        Task.FromResult<RangeShare?>(new(range));
}

/// <summary>A window that is done. It counts once the range's checkpoint says so.</summary>
/// <param name="Results">Where the window's results stand; null for none.</param>
/// <param name="After">Of a range of keys: every key up to this one is in the window, or before it.</param>
/// <param name="Ends">It is the range's last.</param>
sealed record WindowDone(Counts Counts, ResultsRow? Results, string? After, bool Ends)
{
    /// <summary>The job cannot go on, and fails with this error; the window counts nothing. Null where it is done.</summary>
    public string? Error { get; init; }

    public static WindowDone Failed(string error) => new(default, null, null, Ends: false) { Error = error };
}

/// <summary>A range after an attempt to cut it.</summary>
/// <param name="Range">The range: shorter, or with what the attempt found out.</param>
/// <param name="Rest">The new range with the rest; null where the range was not cut.</param>
sealed record RangeShare(WorkRow Range, WorkRow? Rest = null);

namespace DataRegistry.Selections;

/// <summary>Bounds of selections.</summary>
sealed record SelectionLimits
{
    /// <summary>The time after which a selection and all of its jobs are deleted.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The time that a request works on its selection before it leaves the rest to the queue. With zero, the queue does
    /// all of it.
    /// </summary>
    public TimeSpan AtOnce { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Datums in a window. Each takes some hundred bytes in memory while it is written.</summary>
    public int WindowItems { get; init; } = 10_000;

    /// <summary>The most rows that are read for a window, so that one with few matches ends in time too.</summary>
    public int WindowRows { get; init; } = 50_000;

    /// <summary>Datums in a window of an export. A window is a file, and a repeated one is written again.</summary>
    public int ExportItems { get; init; } = 100_000;

    /// <summary>The most bytes of an export's file.</summary>
    public long FileBytes { get; init; } = 256L * 1024 * 1024;
}

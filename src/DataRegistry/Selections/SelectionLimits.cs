namespace DataRegistry.Selections;

/// <summary>Bounds of selections.</summary>
sealed record SelectionLimits
{
    /// <summary>The time after the request for which items, results and files are kept. The row of the job stays.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The time that a request works on its selection before it leaves the rest to the queue. With zero, the queue does
    /// all of it.
    /// </summary>
    public TimeSpan AtOnce { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Datums in a window. Each takes some hundred bytes in memory while it is written.</summary>
    public int WindowItems { get; init; } = 10_000;

    /// <summary>The most characters of keys in a window: long keys are most of its memory.</summary>
    public int WindowKeyLength { get; init; } = 2_000_000;

    /// <summary>The most rows that are read for a window, so that one with few matches ends in time too.</summary>
    public int WindowRows { get; init; } = 50_000;

    /// <summary>
    /// Requests in a row with which a page of locations reads the earlier datums of its keys. Of a longer line of them the next page reads
    /// more.
    /// </summary>
    public int EarlierReads { get; init; } = 16;

    /// <summary>
    /// Rows of a shard that are few: one range reads all shards of a project that has no more, and a prefix is narrow that has no more. As
    /// many as a request reads, at most. Zero for never.
    /// </summary>
    public int FewRows { get; init; } = Storage.Tables.MaxPageRows;

    /// <summary>Datums in a window of an export: a window is a file, and a repeated one is written again.</summary>
    public int ExportItems { get; init; } = 100_000;

    /// <summary>The most bytes of an export's file.</summary>
    public long FileBytes { get; init; } = 256L * 1024 * 1024;
}

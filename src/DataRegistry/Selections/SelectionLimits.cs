namespace DataRegistry.Selections;

/// <summary>What selections are bounded by.</summary>
sealed record SelectionLimits
{
    /// <summary>A selection and all that jobs made of it are deleted after so long.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>A request works on its selection itself for so long, and then leaves it to the queue. Zero for at once.</summary>
    public TimeSpan AtOnce { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Datums in a window. Each is some hundred bytes in memory while it is written.</summary>
    public int WindowItems { get; init; } = 10_000;

    /// <summary>Characters of the keys in a window, after which it ends: long keys are most of its memory.</summary>
    public int WindowKeyLength { get; init; } = 2_000_000;

    /// <summary>Rows that are looked at for a window at most, so that one with few matches ends in time, too.</summary>
    public int WindowRows { get; init; } = 50_000;

    /// <summary>
    /// Rows of a shard that are few: one range reads all shards of a project that has no more, and a prefix is narrow that has no more. As
    /// many as a request reads, at most. Zero for never.
    /// </summary>
    public int FewRows { get; init; } = Storage.Tables.MaxPageRows;

    /// <summary>Datums in a window of an export: a window is a file, and a repeated one is written again.</summary>
    public int ExportItems { get; init; } = 100_000;

    /// <summary>A file of an export ends before it has more bytes.</summary>
    public long FileBytes { get; init; } = 256L * 1024 * 1024;
}

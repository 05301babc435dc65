namespace DataRegistry.Datasets;

/// <summary>Bounds of versions.</summary>
sealed record DatasetLimits
{
    /// <summary>Files of a version. Its runs are read side by side, in at least 32 KiB of memory each.</summary>
    public long MaxFiles { get; init; } = 10_000_000;

    /// <summary>Files of a sorted run. Each is some 600 bytes in memory while the run is written.</summary>
    public int RunItems { get; init; } = 15_000;

    /// <summary>Files between two checkpoints of the merge: a death costs at most this much work.</summary>
    public int MergeItems { get; init; } = 100_000;

    /// <summary>
    /// Time between two checkpoints of the merge, if storage is slow. With the time of a message it is well below the eight minutes after
    /// which a delivery is ended.
    /// </summary>
    public TimeSpan MergeTime { get; init; } = TimeSpan.FromMinutes(2);
}

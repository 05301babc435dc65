namespace DataRegistry.Datasets;

/// <summary>Bounds of versions.</summary>
sealed record DatasetLimits
{
    /// <summary>Files of a version: their runs are merged in one go, which ends within a function's time.</summary>
    public long MaxFiles { get; init; } = 10_000_000;

    /// <summary>Files of a sorted run. Each is some 600 bytes in memory while the run is written.</summary>
    public int RunItems { get; init; } = 15_000;
}

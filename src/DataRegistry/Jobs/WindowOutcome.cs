namespace DataRegistry.Jobs;

/// <summary>What became of a window.</summary>
abstract record WindowOutcome
{
    WindowOutcome() { }

    /// <summary>It is done, and the checkpoint is written.</summary>
    public sealed record Written(WorkRow Before, WorkRow After) : WindowOutcome;

    /// <summary>Another delivery is further with the range.</summary>
    public sealed record Overtaken : WindowOutcome;

    /// <summary>There is none: the range was put off, its opening left nothing to do, or the job has failed.</summary>
    public sealed record None : WindowOutcome;
}

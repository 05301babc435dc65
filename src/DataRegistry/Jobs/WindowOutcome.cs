namespace DataRegistry.Jobs;

/// <summary>The outcome of a window.</summary>
abstract record WindowOutcome
{
    WindowOutcome() { }

    /// <summary>The window is done, and the checkpoint is written.</summary>
    public sealed record Written(WorkRow Before, WorkRow After) : WindowOutcome;

    /// <summary>Another delivery is further with the range.</summary>
    public sealed record Overtaken : WindowOutcome;

    /// <summary>There is no window: the range was postponed, has nothing left to do, or its job has failed.</summary>
    public sealed record None : WindowOutcome;
}

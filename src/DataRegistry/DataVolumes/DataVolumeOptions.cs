namespace DataRegistry.DataVolumes;

/// <summary>Settings <c>DataVolumes__…</c>.</summary>
public sealed class DataVolumeOptions
{
    public const string Section = "DataVolumes";

    /// <summary>After so long without a word from a cluster's agent its data volumes are shown as <c>Unknown</c>.</summary>
    public int AgentSilenceSeconds { get; set; } = 300;

    /// <summary>Data volumes that a project may have at most, those on their way out included.</summary>
    public int MaxPerProject { get; set; } = 10_000;

    internal bool IsValid => AgentSilenceSeconds > 0 && MaxPerProject > 0;

    internal TimeSpan AgentSilence => TimeSpan.FromSeconds(AgentSilenceSeconds);
}

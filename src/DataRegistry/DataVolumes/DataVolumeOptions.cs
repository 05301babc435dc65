namespace DataRegistry.DataVolumes;

/// <summary>Settings <c>DataVolumes__…</c>.</summary>
public sealed class DataVolumeOptions
{
    public const string Section = "DataVolumes";

    /// <summary>Seconds without a request of a cluster's agent after which its data volumes show as <c>Unknown</c>.</summary>
    public int AgentSilenceSeconds { get; set; } = 300;

    /// <summary>The most data volumes of a project, including those that are being deleted.</summary>
    public int MaxPerProject { get; set; } = 10_000;

    internal bool IsValid => AgentSilenceSeconds > 0 && MaxPerProject > 0;

    internal TimeSpan AgentSilence => TimeSpan.FromSeconds(AgentSilenceSeconds);
}

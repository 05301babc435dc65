using System.Text.Json.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Selections.Exports;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

enum VersionJobKind
{
    /// <summary>It makes the version.</summary>
    Create,
    Export,
}

/// <summary>A job that makes or exports a version, on the wire.</summary>
/// <param name="Kind"><c>create</c> or <c>export</c>.</param>
/// <param name="Version">The version's id. A version whose job failed or was cancelled has given its name back.</param>
/// <param name="Selection">Of what the version is made; null for an export.</param>
/// <param name="Format">Of an export; null otherwise.</param>
/// <param name="Files">Of an export that is completed; null otherwise.</param>
/// <param name="Expires">When its results and files are deleted. The version stays.</param>
sealed record DatasetVersionJobBody(
    string Id, string Kind, string Status, string Version, ProjectBody Project, string CreatedBy, DateTimeOffset Ctime,
    DateTimeOffset? Started, DateTimeOffset? Finished, SelectionCountsBody Counts, double? Rate, DateTimeOffset? Eta, string? Error,
    string? Selection, string? Format, IReadOnlyList<ExportedFileBody>? Files, DateTimeOffset Expires)
{
    public static DatasetVersionJobBody From(
        JobRow job, JobProgress progress, Project project, IReadOnlyList<ExportedFileBody>? files, DateTimeOffset now)
    {
        var order = VersionOrder.Read(job.Parameters!);
        var counts = job.Counts + progress.Done;
        var pace = JobPace.Average(job, counts, now);
        return new(
            job.JobId.ToString(), Fields.WireName(order.Format is null ? VersionJobKind.Create : VersionJobKind.Export),
            JobStatuses.NameOf(job.Status), DatasetVersionId.Of(order.Version).ToString(), ProjectBody.From(project), job.CreatedBy,
            job.JobId.Value.Time, job.Started, job.Finished, SelectionCountsBody.From(job, counts), pace.Rate, pace.Eta, job.Error,
            order.Selection is { } selection ? new JobId(TimedId.FromGuid(selection)).ToString() : null,
            order.Format is { } format ? Fields.WireName(format) : null, files, job.Expires!.Value);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DatasetVersionJobBody))]
[JsonSerializable(typeof(DatasetFileRow))]
[JsonSerializable(typeof(VersionFileBody))]
[JsonSerializable(typeof(Page<DatasetChangeBody>))]
sealed partial class VersionJobJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Selections;

/// <summary>A request for a selection, as it is read: its filter is checked by <see cref="SelectionFilterInput"/>.</summary>
sealed record SelectionInput(string? Project, JsonElement? Filter);

/// <summary>The body of a request for a selection.</summary>
/// <param name="Filter">A datum must match all given fields. Unknown fields are refused, and so is a filter without a
/// restriction.</param>
sealed record NewSelectionBody(string? Project, SelectionFilterBody? Filter);

/// <summary>The filter of a selection.</summary>
/// <param name="Prefix">The beginning of keys, or an <c>s3://</c> URL.</param>
/// <param name="Glob">A pattern that the whole key must match.</param>
/// <param name="Name">The last part of a key, whole.</param>
/// <param name="NameContains">A part of the last part of a key, as it is written.</param>
/// <param name="Drift"><c>none</c>, <c>changed</c>, <c>missing</c> or <c>unknown</c>.</param>
/// <param name="SizeMin">Bytes.</param>
/// <param name="SizeMax">Bytes.</param>
/// <param name="Job">The adoption, or the scan, that created them.</param>
/// <param name="AdoptedAfter">At this time or later.</param>
/// <param name="AdoptedBefore">Before this time.</param>
/// <param name="Purged">True for purged datums only; without it no purged datum is taken.</param>
/// <param name="Ids">At most 500 datums by their ids. One that is not the project's, or that the rest of the filter leaves out, is not
/// taken.</param>
sealed record SelectionFilterBody(
    string? Store, string? Prefix, string? Glob, string? Name, string? NameContains, string? Tag, string? Drift, long? SizeMin,
    long? SizeMax, string? Job, string? AdoptedAfter, string? AdoptedBefore, bool? Purged,
    IReadOnlyList<string>? Ids);

/// <summary>A selection on the wire.</summary>
/// <param name="Status">That of the job which freezes it; <c>completed</c> can be acted on.</param>
/// <param name="Count">How many datums; so far, while it is frozen.</param>
/// <param name="Bytes">The sizes of their objects together.</param>
/// <param name="Looked">How many of the project's datums were looked at; so far, while it is frozen.</param>
/// <param name="Sample">Some of them.</param>
/// <param name="Expires">When it is deleted.</param>
sealed record SelectionBody(
    string Id, string Status, ProjectBody Project, JsonElement Filter, long Count, long Bytes, long Looked,
    IReadOnlyList<SelectionItem> Sample, string CreatedBy, DateTimeOffset Ctime, DateTimeOffset? Finished, DateTimeOffset Expires,
    string? Error)
{
    public static SelectionBody From(JobRow job, Counts done, Project project, IReadOnlyList<SelectionItem> sample)
    {
        using var filter = JsonDocument.Parse(job.Parameters!);
        var counts = job.Counts + done;
        return new(
            job.JobId.ToString(), JobStatuses.NameOf(job.Status), ProjectBody.From(project), filter.RootElement.Clone(), counts.Done,
            counts.Bytes, counts.Looked, sample, job.CreatedBy, job.JobId.Value.Time, job.Finished, job.Expires!.Value, job.Error);
    }
}

/// <summary>A selection in a list, on the wire: without its sample.</summary>
/// <inheritdoc cref="SelectionBody"/>
sealed record ListedSelectionBody(
    string Id, string Status, ProjectBody Project, JsonElement Filter, long Count, long Bytes, long Looked, string CreatedBy,
    DateTimeOffset Ctime, DateTimeOffset? Finished, DateTimeOffset Expires, string? Error)
{
    public static ListedSelectionBody From(JobRow job, Counts done, Project project)
    {
        var whole = SelectionBody.From(job, done, project, []);
        return new(
            whole.Id, whole.Status, whole.Project, whole.Filter, whole.Count, whole.Bytes, whole.Looked, whole.CreatedBy, whole.Ctime,
            whole.Finished, whole.Expires, whole.Error);
    }
}

/// <summary>Tags for all datums of a selection.</summary>
sealed record NewTagsBody(IReadOnlyList<string>? Tags);

/// <param name="Format"><c>ndjson</c>, <c>csv</c> or <c>parquet</c>.</param>
sealed record NewExportBody(string? Format);

/// <summary>A job that acts on a selection, on the wire.</summary>
/// <param name="Kind"><c>purge</c>, <c>tag</c>, <c>untag</c> or <c>export</c>.</param>
/// <param name="Tags">Of tagging and untagging; null otherwise.</param>
/// <param name="Format">Of an export; null otherwise.</param>
/// <param name="Files">Of an export that is completed; null otherwise, and in lists.</param>
/// <param name="Expires">When its results and files are deleted.</param>
sealed record SelectionJobBody(
    string Id, string Kind, string Status, string Selection, ProjectBody Project, string CreatedBy, DateTimeOffset Ctime,
    DateTimeOffset? Started, DateTimeOffset? Finished, SelectionCountsBody Counts, double? Rate, DateTimeOffset? Eta, string? Error,
    IReadOnlyList<string>? Tags, string? Format, IReadOnlyList<ExportedFileBody>? Files, DateTimeOffset Expires)
{
    public static SelectionJobBody From(
        JobRow job, JobProgress progress, Project project, IReadOnlyList<ExportedFileBody>? files, DateTimeOffset now)
    {
        var order = SelectionOrder.Read(job.Parameters!);
        var counts = job.Counts + progress.Done;
        var pace = JobPace.Average(job, counts, now);
        return new(
            job.JobId.ToString(), Fields.WireName(order.Action), JobStatuses.NameOf(job.Status),
            new JobId(Storage.TimedId.FromGuid(order.Selection)).ToString(), ProjectBody.From(project), job.CreatedBy,
            job.JobId.Value.Time, job.Started, job.Finished, SelectionCountsBody.From(job, counts), pace.Rate, pace.Eta, job.Error,
            order.Tags, order.Format is { } format ? Fields.WireName(format) : null, files, job.Expires!.Value);
    }
}

/// <param name="Done">Also those that were already as they should be.</param>
/// <param name="Skipped">Left alone, since they had changed meanwhile; results tell why.</param>
/// <param name="Pending">Not done yet, or not at all since the job was cancelled.</param>
sealed record SelectionCountsBody(long Total, long Done, long Skipped, long Pending)
{
    public static SelectionCountsBody From(JobRow job, Counts counts) =>
        new(job.Total ?? 0, counts.Done, counts.Skipped, job.Total - counts.Total ?? 0);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SelectionInput))]
[JsonSerializable(typeof(NewSelectionBody))]
[JsonSerializable(typeof(SelectionBody))]
[JsonSerializable(typeof(Page<ListedSelectionBody>))]
[JsonSerializable(typeof(Page<SelectionItem>))]
[JsonSerializable(typeof(NewTagsBody))]
[JsonSerializable(typeof(NewExportBody))]
[JsonSerializable(typeof(SelectionJobBody))]
[JsonSerializable(typeof(Page<SelectionJobBody>))]
[JsonSerializable(typeof(Page<SkippedItem>))]
[JsonSerializable(typeof(ExportRow))]
sealed partial class SelectionJson : JsonSerializerContext;

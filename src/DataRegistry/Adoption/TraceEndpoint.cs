using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Adoption;

/// <summary>Answers with a datum's origin and history.</summary>
static class TraceEndpoint
{
    static readonly TraceJson Json = new(WireJson.Options(TraceJson.Default));

    public static void MapTrace(this IEndpointRouteBuilder api) =>
        DatumEndpoints.Named(api.MapGet("/data/{id}/trace/", GetAsync).WithName("traceDatum")
        .Answers<TraceBody>(
            "Get the history of a datum: its adoption, its aliases, and earlier and later datums at its URL"));

    static async Task<IResult> GetAsync(string id, HttpContext context, DatumLookup lookup, DatumTrace trace)
    {
        var (datum, _) = await lookup.RequiredAsync(id, context);
        return Results.Json(await trace.TellAsync(context, datum), Json.TraceBody);
    }
}

/// <summary>Reads a datum's origin and history.</summary>
sealed class DatumTrace(DatumTable datums, AliasTable aliases, JobTable jobs, DatumVersions versions, ScannedStores scanned)
{
    /// <summary>The most aliases, and times in which they named the datum, in an answer.</summary>
    const int MaxSpans = 1000;

    public async Task<TraceBody> TellAsync(HttpContext context, DatumRow datum)
    {
        var token = context.RequestAborted;
        var (spans, all) = await aliases.SpansAsync(datum.Id, MaxSpans, token);
        var metadata = await datums.FindMetadataChangeAsync(datum, token);
        var job = new JobId(TimedId.FromGuid(datum.Job));
        var hasJob = await jobs.FindAsync(job, token) is not null;
        var (earlier, later, whole) = await versions.OfAsync(datum, context);
        return new(
            datum.Id, datum.Uri, datum.Store,
            new(datum.Id.Value.Time, datum.AdoptedBy, hasJob ? job.ToString() : null, hasJob ? null : job.ToString()),
            new(datum.ObjectETag, datum.VersionId, datum.Size, datum.LastModified),
            DriftBody.From(datum, await scanned.CompletedAsync(token)),
            [.. spans.Select(s => new TraceAliasBody(s.Alias, s.Name, s.Since, s.User, s.Until, s.UntilUser))], all,
            metadata is { Time: { } set } ? new(set, metadata.User) : null,
            TraceChangeBody.OfPurge(datum),
            [.. earlier.Select(TraceVersionBody.From)], [.. later.Select(TraceVersionBody.From)], whole);
    }
}

/// <summary>The datums before and after one at its URL, newest first, as far as the caller may read them.</summary>
/// <param name="IsWhole">All are known, except those that the caller may not read.</param>
sealed record OtherVersions(IReadOnlyList<DatumRow> Earlier, IReadOnlyList<DatumRow> Later, bool IsWhole);

/// <summary>The successive datums of one URL of a store. Each names the one before.</summary>
sealed class DatumVersions(LocationTable locations, DatumTable datums, ProjectTable projects, Permissions permissions)
{
    /// <summary>The most datums. Each is a point read.</summary>
    const int Max = 50;

    public async Task<OtherVersions> OfAsync(DatumRow datum, HttpContext context)
    {
        var now = (await locations.FindAsync(datum.Store, [datum.Key], 1, context.RequestAborted)).GetValueOrDefault(datum.Key);
        var (later, first) = await WalkAsync(now?.Datum, datum.Id.Value.ToGuid(), context);
        var (earlier, rest) = await WalkAsync(datum.Previous, null, context);
        return new(earlier, later, first == datum.Id.Value.ToGuid() && rest is null);
    }

    /// <summary>The datums from one back to another, exclusive, and the id where the walk ended.</summary>
    async Task<(List<DatumRow> Rows, Guid? End)> WalkAsync(Guid? from, Guid? to, HttpContext context)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var rows = new List<DatumRow>();
        for (var step = 0; step < Max && from != to && from is { } id; step++)
        {
            if (await datums.FindAsync(new DatumId(TimedId.FromGuid(id)), context.RequestAborted) is not { } row)
                break;
            if (await projects.FindAsync(row.Project, context.RequestAborted) is { } project
                && rights.Allow(Permission.DataRead, Scope.Of(project)))
                rows.Add(row);
            from = row.Previous;
        }

        return (rows, from);
    }
}

/// <summary>A datum's trace on the wire.</summary>
/// <param name="Aliases">First the aliases that name it, then those that did, newest first.</param>
/// <param name="AliasesComplete">False if there are more than the answer has.</param>
/// <param name="Metadata">When its properties were last set; null if never.</param>
/// <param name="Purged">Null if it was not purged.</param>
/// <param name="Drift">Whether the adopted object is still at its URL.</param>
/// <param name="Earlier">The earlier datums of its URL, newest first. They were purged, or their object had
/// changed.</param>
/// <param name="Later">The later datums of its URL, newest first.</param>
/// <param name="VersionsComplete">False if some of them are not known.</param>
sealed record TraceBody(
    DatumId Id, string Uri, Guid Store, TraceAdoptionBody Adopted, TraceObjectBody Object, DriftBody Drift,
    IReadOnlyList<TraceAliasBody> Aliases, bool AliasesComplete, TraceChangeBody? Metadata, TraceChangeBody? Purged,
    IReadOnlyList<TraceVersionBody> Earlier, IReadOnlyList<TraceVersionBody> Later, bool VersionsComplete);

/// <param name="Time">When the job, or the request, began.</param>
/// <param name="Job">The adoption job; null for an immediate adoption.</param>
/// <param name="Adoption">The id of an immediate adoption in the audit trail; null for a job.</param>
sealed record TraceAdoptionBody(DateTimeOffset Time, string User, string? Job, string? Adoption);

/// <summary>S3's facts about the object at its adoption.</summary>
/// <param name="VersionId">Null if the bucket keeps no versions.</param>
sealed record TraceObjectBody(string Etag, string? VersionId, long Size, DateTimeOffset? LastModified);

/// <param name="FromUser">The user who pointed it here.</param>
/// <param name="Until">Null if it still names the datum.</param>
/// <param name="UntilUser">The user who pointed it elsewhere or deleted it.</param>
sealed record TraceAliasBody(Guid Id, string Name, DateTimeOffset From, string FromUser, DateTimeOffset? Until, string? UntilUser);

sealed record TraceChangeBody(DateTimeOffset Time, string? User)
{
    public static TraceChangeBody? OfPurge(DatumRow datum) => datum.Purged is { } time ? new(time, datum.PurgedBy) : null;
}

sealed record TraceVersionBody(DatumId Id, DateTimeOffset Time, string User, string Etag, string? VersionId, TraceChangeBody? Purged)
{
    public static TraceVersionBody From(DatumRow datum) =>
        new(datum.Id, datum.Id.Value.Time, datum.AdoptedBy, datum.ObjectETag, datum.VersionId, TraceChangeBody.OfPurge(datum));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TraceBody))]
sealed partial class TraceJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

static class DatumEndpoints
{
    /// <summary>Beyond this many, counting would cost more than the page (contract: exact up to 10,000).</summary>
    const int MaxCount = 10_000;

    public static readonly DatumJsonContext Json = new(new JsonSerializerOptions(WireJson.Options(DatumJsonContext.Default)) { AllowDuplicateProperties = false });

    public static void MapDatums(this IEndpointRouteBuilder api)
    {
        api.MapGet("/data/", ListAsync);
        api.MapGet("/data/{id}/", GetAsync);
        api.MapPost("/data/{id}/purge/", PurgeAsync).Answers<OkBody>("Mark a datum as purged and free its URL; the object in the bucket stays");
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DatumLookup lookup)
    {
        var (row, project) = await lookup.RequiredAsync(id, context);
        return Results.Json(DatumBody.From(row, project), Json.DatumBody);
    }

    static async Task<IResult> PurgeAsync(string id, HttpContext context, DatumLookup lookup, DatumPurge purge, AuditTrail trail)
    {
        var (row, project) = await lookup.RequiredAsync(id, context, Permission.DataEdit);
        if (await purge.PurgeAsync(row, Caller.Of(context).Name, context.RequestAborted))
            await trail.RecordAsync(context, new("data.purged", row.Id.ToString()) { Project = project.Id, Details = new() { ["store"] = row.Store.ToString("D"), ["uri"] = $"s3://{row.Bucket}/{row.Key}" } });
        return Results.Json(new OkBody(true), Json.OkBody);
    }

    static async Task<IResult> ListAsync(HttpContext context, DatumTable datums, ProjectTable projects, Permissions permissions)
    {
        var project = await permissions.ProjectAsync(context, projects, context.Request.Query["project"], Permission.DataRead);
        var paging = Paging.From(context.Request);
        DatumCursor? after = null;
        if (paging.Cursor is not null)
            after = DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw new ApiException(Paging.BadCursor());
        var (rows, next) = await datums.ListAsync(project, paging.Limit, after, context.RequestAborted);
        var count = context.Request.Query["no_count"] == "true" ? null
            : after is null && next is null ? rows.Count
            : await datums.CountAsync(project, MaxCount, context.RequestAborted);
        return Results.Json(
            new Page<DatumBody>(count, Paging.Next(context, next), null, [.. rows.Select(r => DatumBody.From(r, project))]), Json.PageDatumBody);
    }
}

/// <summary>A datum on the wire.</summary>
/// <param name="Name">The key's last segment.</param>
/// <param name="Ctime">When its job was made: the id's own time, by which lists are ordered.</param>
/// <param name="FileMtime">S3's Last-Modified.</param>
sealed record DatumBody(
    DatumId Id, string Name, string Uri, long Size, string? Md5, string? Sha1, string? Sha256, Guid Store, ProjectBody? Project,
    DateTimeOffset Ctime, DateTimeOffset? FileCtime, DateTimeOffset? FileMtime, JsonElement? OutputExecution, bool Purged,
    IReadOnlyList<string> Tags, IReadOnlyList<string> Aliases)
{
    public static DatumBody From(DatumRow row, Project? project) => new(
        row.Id, row.Key[(row.Key.LastIndexOf('/') + 1)..], $"s3://{row.Bucket}/{row.Key}", row.Size, row.Md5, Sha1: null, row.Sha256, row.Store,
        project is null ? null : ProjectBody.From(project), row.Id.Value.Time, FileCtime: null, row.LastModified, OutputExecution: null, row.Purged is not null, DatumTagsRow.Read(row.Tags), []);
}

sealed record OkBody(bool Ok);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Page<DatumBody>))]
[JsonSerializable(typeof(JsonDocument))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(MetadataOfDatumsBody))]
[JsonSerializable(typeof(AppliedBody))]
[JsonSerializable(typeof(OkBody))]
sealed partial class DatumJsonContext : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace DataRegistry.Datums;

static class DatumEndpoints
{
    public static readonly DatumJsonContext Json = new(new JsonSerializerOptions(
        WireJson.Options(DatumJsonContext.Default))
    { AllowDuplicateProperties = false });

    /// <summary>The description of a parameter beside a datum's id.</summary>
    public const string AliasProject = "The project in which an alias is looked up. It is required if several projects have the alias.";

    public static void MapDatums(this IEndpointRouteBuilder api)
    {
        Named(api.MapGet("/data/{id}/", GetAsync).WithName("getDatum").Answers<DatumBody>("Get a datum by its id or an alias")
            .WithDescription("If its hashes are not known yet, the service computes those of a small object now, and of a large one soon.")
            .TakesHeader(Prefer.Header, DatumHashing.WaitDescription));
        Named(api.MapPost("/data/{id}/purge/", PurgeAsync).WithName("purgeDatum")
            .Answers<OkBody>("Mark a datum as purged and free its URL. The object in the bucket stays").Fails(AccessErrors.NotPermitted));
    }

    /// <summary>Adds the errors of an alias in place of an id.</summary>
    public static RouteHandlerBuilder Named(RouteHandlerBuilder endpoint) => endpoint.TakesQuery("project", AliasProject)
        .FailsOn("project", DatumErrors.AliasAmbiguous, DatumErrors.AliasNeedsProject, OrganizationErrors.NotAProjectId,
            OrganizationErrors.NoProject)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> GetAsync(string id, HttpContext context, DatumLookup lookup, DatumHashing hashing, DatumViews views)
    {
        var (row, project) = await lookup.RequiredAsync(id, context);
        var hashed = await hashing.AwaitAsync(row, DatumHashing.WaitOf(context), context.RequestAborted);
        return Results.Json(await views.ShowAsync(hashed, project, context.RequestAborted), Json.DatumBody);
    }

    static async Task<IResult> PurgeAsync(string id, HttpContext context, DatumLookup lookup, DatumPurge purge, AuditTrail trail)
    {
        var (row, project) = await lookup.RequiredAsync(id, context, Permission.DataEdit);
        if (await purge.PurgeAsync(row, Caller.Of(context).Name, context.RequestAborted))
            await trail.RecordAsync(
                context,
                new("data.purged", row.Id.ToString())
                {
                    Project = project.Id,
                    Details = new() { ["store"] = row.Store.ToString("D"), ["uri"] = row.Uri },
                });
        return Results.Json(new OkBody(true), Json.OkBody);
    }
}

/// <summary>A datum on the wire.</summary>
/// <param name="Name">The key's last segment.</param>
/// <param name="Ctime">When its job was created. Lists are ordered by this time, which is also in the id.</param>
/// <param name="FileMtime">S3's Last-Modified; null if the bucket gave none.</param>
/// <param name="Aliases">The names of the aliases that point at it now, in the order of their bytes.</param>
sealed record DatumBody(
    DatumId Id, string Name, string Uri, long Size, string? Md5, string? Sha1, string? Sha256, Guid Store, ProjectBody? Project,
    DateTimeOffset Ctime, DateTimeOffset? FileCtime, DateTimeOffset? FileMtime,
        [property: WireType(JsonSchemaType.Null)] JsonElement? OutputExecution,
    bool Purged,
    IReadOnlyList<string> Tags, IReadOnlyList<string> Aliases, DriftBody Drift)
{
    /// <summary>The reason for missing hashes; left out if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChecksumError { get; init; }

    /// <summary>S3's storage class, such as <c>GLACIER</c>; left out if the bucket gave none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StorageClass { get; init; }

    /// <summary>Bytes of a datum on the wire that are not counted singly: names, ids, times, hashes and drift.</summary>
    const int OtherBytes = 900;

    /// <summary>Bytes of a datum on the wire, without its aliases.</summary>
    public static int SizeOf(DatumRow row) => OtherBytes + (2 * RowSize.Of(row.Key)) + RowSize.Of(row.Bucket)
        + (row.TagsLeftOut ?? RowSize.Of(row.Tags ?? ""))
        + RowSize.Of(row.ChecksumError ?? "") + (row.Drift is DriftState.Changed or DriftState.Missing ? DriftSizeOf(row) : 0);

    static int DriftSizeOf(DatumRow row) =>
        RowSize.Of(row.ObjectETag) + RowSize.Of(row.VersionId ?? "") + RowSize.Of(row.DriftETag ?? "") + RowSize.Of(row.DriftVersion ?? "");

    public static string NameOf(string key) => key[(key.LastIndexOf('/') + 1)..];

    /// <param name="scanned">See <see cref="ScannedStores"/>.</param>
    public static DatumBody From(
        DatumRow row, Project? project, IEnumerable<string> aliases, IReadOnlyDictionary<Guid, DateTimeOffset> scanned) => new(
        row.Id, NameOf(row.Key), row.Uri, row.Size, row.Md5, row.Sha1, row.Sha256, row.Store,
        project is null ? null : ProjectBody.From(project), row.Id.Value.Time, FileCtime: null, row.LastModified, OutputExecution: null,
        row.Purged is not null, DatumTags.Of(row), [.. aliases], DriftBody.From(row, scanned))
        {
            StorageClass = row.StorageClass,
            ChecksumError = row.ChecksumError is { Length: > 0 } error ? error : null,
        };
}

sealed record OkBody(bool Ok);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Page<DatumBody>))]
[JsonSerializable(typeof(JsonDocument))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonNode))]
[JsonSerializable(typeof(MetadataOfDatumsBody))]
[JsonSerializable(typeof(AppliedBody))]
[JsonSerializable(typeof(OkBody))]
[JsonSerializable(typeof(DownloadBody))]
[JsonSerializable(typeof(TreeBody))]
sealed partial class DatumJsonContext : JsonSerializerContext;

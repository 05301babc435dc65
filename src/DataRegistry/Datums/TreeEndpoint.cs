using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using JsonSchemaType = Microsoft.OpenApi.JsonSchemaType;

namespace DataRegistry.Datums;

/// <summary>Lists the folders and files of a store that a project has adopted.</summary>
static class TreeEndpoint
{
    /// <summary>Folders and files on a page.</summary>
    const int MaxLimit = 1000;

    /// <summary>Files on a page with the fields of their datums, which cost up to two requests each.</summary>
    const int MaxLimitWithFields = 500;

    const string Tags = "tags";
    const string Aliases = "aliases";
    const string Hashes = "hashes";

    static readonly string[] MoreFields = [Tags, Aliases, Hashes];

    public static void MapTree(this IEndpointRouteBuilder api) => api.MapGet("/stores/{id}/tree/", GetAsync).WithName("listTree")
        .Answers<TreeBody>(
            "List the folders and files of a store in the order of their keys")
        .WithDescription("Files are the datums of the project that stand for an object now. Purged and superseded datums are left out.")
        .RequiresQuery("project", "A project's id")
        .TakesQuery("prefix", "Only keys that begin with it, such as `a/b/`.")
        .TakesQuery("delimiter", "Ends the name of a folder, such as `/`. Without it all files below the prefix are listed.")
        .TakesQuery("fields", $"More fields of each file, separated by commas: {string.Join(", ", MoreFields)}.")
        .TakesQuery(
            "limit",
            $"The most folders and files of a page: {Paging.DefaultLimit} by default, at most {MaxLimit}, or {MaxLimitWithFields} with "
                + "`fields`. A page may have fewer and still a `next`.",
            JsonSchemaType.Integer)
        .TakesQuery("cursor", "Do not make this value: request the `next` URL of the page before.")
        .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
        .FailsOn("prefix", CommonErrors.TooLong).FailsOn("fields", CommonErrors.NotAChoice)
        .FailsOn("limit", CommonErrors.TooSmallANumber).FailsOn("cursor", CommonErrors.NotACursor)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> GetAsync(
        string id, HttpContext context, StoreAccess access, ProjectTable projects, Permissions permissions, TreePages pages)
    {
        // The datums of a deleted store stay, and so does its tree.
        var store = await access.FindAsync(context, id) ?? throw CommonErrors.NotFound.With();
        var project = await permissions.ProjectAsync(context, projects, Fields.Query(context.Request, "project"), Permission.DataRead);
        var fields = FieldsOf(Fields.Query(context.Request, "fields"));
        var paging = Paging.From(context.Request);
        var query = QueryOf(context.Request, paging, store, project.Id, fields.Length > 0 ? MaxLimitWithFields : MaxLimit);
        query = query with
        {
            After = pages.PositionOf(paging.Cursor, query),
            ListsUnknown = (store.AccessMode == StoreAccessMode.SingleProject && store.Project == project.Id)
                || await access.AllowsAsync(context, store, Permission.StoresManage),
        };
        var (page, files) = await pages.ReadAsync(query, fields.Length > 0, context.RequestAborted);
        var body = new TreeBody(
            [.. page.Folders.Select(f => new TreeFolderBody(f.Prefix, f.IsKnown ? true : null))], files,
            Paging.Next(context, page.Next is { } next ? pages.CursorOf(next, query) : null));
        return Answer(body, fields);
    }

    static TreeQuery QueryOf(HttpRequest request, Paging paging, Store store, Guid project, int maxLimit) => new(
        store, project, Text(request, "prefix") ?? "", Text(request, "delimiter"), Math.Min(paging.Limit, maxLimit), After: null);

    /// <summary>A parameter that is a part of a key; null if it is missing.</summary>
    static string? Text(HttpRequest request, string name) => Fields.Query(request, name) switch
    {
        { Length: > S3Url.MaxKeyBytes } => throw CommonErrors.TooLong.On(name, S3Url.MaxKeyBytes),
        var text => text,
    };

    static string[] FieldsOf(string? text)
    {
        var fields = text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        return fields.All(f => MoreFields.Contains(f, StringComparer.Ordinal))
            ? fields
            : throw CommonErrors.NotAChoice.On("fields", string.Join(", ", MoreFields));
    }

    static IResult Answer(TreeBody body, string[] fields)
    {
        var json = JsonSerializer.SerializeToNode(body, DatumEndpoints.Json.TreeBody)!;
        foreach (var file in json["results"]!.AsArray())
        {
            foreach (var left in MoreFields.Except(fields, StringComparer.Ordinal).SelectMany(NamesOf))
                file!.AsObject().Remove(left);
        }

        return Results.Json(json, DatumEndpoints.Json.JsonNode);
    }

    static string[] NamesOf(string field) => field == Hashes ? ["md5", "sha1", "sha256"] : [field];
}

/// <summary>A page of a store's tree.</summary>
/// <param name="Folders">In the order of their keys, like the files.</param>
/// <param name="Next">Absolute URL of the next page; null on the last.</param>
sealed record TreeBody(IReadOnlyList<TreeFolderBody> Folders, IReadOnlyList<TreeFileBody> Results, string? Next);

/// <param name="Prefix">The prefix of all its keys, with the delimiter at its end.</param>
/// <param name="Visible">Null if too many rows of the folder are purged, or of other projects, to find one of this
/// project. Only callers who may see the whole store get such a folder.</param>
sealed record TreeFolderBody(string Prefix, bool? Visible);

/// <summary>
/// A file in the tree. Tags, aliases and hashes are present if <c>fields</c> names them. An unknown hash is left out.
/// </summary>
/// <param name="Id">The datum's id.</param>
/// <param name="Ctime">When it was adopted.</param>
/// <param name="LastModified">S3's Last-Modified at the adoption; null if the bucket gave none.</param>
/// <param name="Drift">The datum's state of drift.</param>
sealed record TreeFileBody(
    DatumId Id, string Key, string Uri, long Size, string Etag, string? VersionId, DateTimeOffset Ctime, DateTimeOffset? LastModified,
    string Drift, string? StorageClass,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Tags,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Aliases,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Md5,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha1,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256);

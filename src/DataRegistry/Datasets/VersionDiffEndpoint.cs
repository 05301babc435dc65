using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

/// <summary>A path that two versions tell differently, on the wire.</summary>
/// <param name="Change"><c>added</c>, <c>removed</c> or <c>changed</c>, which is another datum.</param>
/// <param name="From">In the version of the address; null where the path was added.</param>
/// <param name="To">In the other one; null where it was removed.</param>
sealed record DatasetChangeBody(string Change, string Path, VersionDatumBody? From, VersionDatumBody? To)
{
    public static DatasetChangeBody Of(PathChange change) => new(
        change.From is null ? "added" : change.To is null ? "removed" : "changed", change.Path,
        change.From is null ? null : VersionDatumBody.From(change.From), change.To is null ? null : VersionDatumBody.From(change.To));
}

/// <summary>The difference of two versions, also of two datasets.</summary>
static class VersionDiffEndpoint
{
    public static void MapVersionDiff(this IEndpointRouteBuilder api) => api.MapGet("/dataset-versions/{id}/diff/", DiffAsync)
        .WithName("diffDatasetVersions").AnswersPages<DatasetChangeBody>(
            "List the paths that another version added, removed or changed")
        .WithDescription("A page may have fewer paths than asked for and still a `next`.")
        .RequiresQuery("to", "The id of the other version.")
        .FailsOn("to", CommonErrors.Required, DatasetErrors.NotAVersionId, DatasetErrors.NoAliasedVersion)
        .Fails(DatasetErrors.VersionNotCompleted);

    static async Task<IResult> DiffAsync(string id, HttpContext context, DatasetAccess access, ManifestDiff diff)
    {
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !DatasetPath.IsValid(cursor))
            throw Paging.BadCursor();
        var (from, _) = await access.VersionAsync(id, context);
        var (to, _) = await access.NamedVersionAsync(context, Fields.Query(context.Request, "to"), "to");
        if (from.Manifest is not { } before || to.Manifest is not { } after)
            throw DatasetErrors.VersionNotCompleted.With();
        var (changes, next) = await diff.PageAsync(before, after, paging.Cursor, paging.Limit, context.RequestAborted);
        return Results.Json(
            new Page<DatasetChangeBody>(null, Paging.Next(context, next), null, [.. changes.Select(DatasetChangeBody.Of)]),
            VersionJobEndpoints.Json.PageDatasetChangeBody);
    }
}

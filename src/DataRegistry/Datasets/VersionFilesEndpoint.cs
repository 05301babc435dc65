using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

/// <summary>The files of a version, with what is known of their datums now.</summary>
static class VersionFilesEndpoint
{
    /// <summary>Files on a page: each page reads their datums, a few requests for all of them.</summary>
    const int MaxLimit = 1000;

    public static void MapVersionFiles(this IEndpointRouteBuilder api) =>
        api.MapGet("/dataset-versions/{id}/files/", ListAsync).WithName("listDatasetVersionFiles")
            .AnswersPages<VersionFileBody>("List the files of a version by path")
            .WithDescription("Each file has the hashes that are known now, and tells whether its datum is purged. "
                + $"A page has at most {MaxLimit} files. With `Accept: {JobResults.NdJson}` or `{VersionStreams.Csv}` the answer has all "
                + "files as the version was created.")
            .TakesQuery("prefix", "Only files whose paths begin with it, such as `train/`. If they take several pages, `count` is null.")
            .FailsOn("prefix", CommonErrors.TooLong)
            .OrAnswersContent(StatusCodes.Status200OK, JobResults.NdJson).OrAnswersContent(StatusCodes.Status200OK, VersionStreams.Csv)
            .Fails(DatasetErrors.VersionNotCompleted);

    static async Task<IResult> ListAsync(
        string id, HttpContext context, DatasetAccess access, ManifestReader manifests, DatumTable datums)
    {
        var (version, _) = await access.VersionAsync(id, context);
        var manifest = version.Manifest ?? throw DatasetErrors.VersionNotCompleted.With();
        var prefix = Fields.Query(context.Request, "prefix") ?? "";
        if (prefix.Length > DatasetPath.MaxBytes)
            throw CommonErrors.TooLong.On("prefix", DatasetPath.MaxBytes);
        if (VersionStreams.Of(context, manifests, manifest, new(prefix)) is { } stream)
            return stream;
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !DatasetPath.IsValid(cursor))
            throw Paging.BadCursor();
        var (entries, next) = await manifests.PageAsync(
            manifest, Math.Min(paging.Limit, MaxLimit), new(prefix, paging.Cursor), context.RequestAborted);
        int? count = prefix.Length == 0 ? (int)Math.Min(manifest.Count, int.MaxValue)
            : paging.Cursor is null && next is null ? entries.Count : null;
        var now = await datums.FindAsync([.. entries.Select(e => e.Datum)], context.RequestAborted);
        return Results.Json(
            new Page<VersionFileBody>(
                count, Paging.Next(context, next), null,
                [.. entries.Select(e => VersionFileBody.From(e, now.GetValueOrDefault(e.Datum)))]),
            DatasetEndpoints.Json.PageVersionFileBody);
    }
}

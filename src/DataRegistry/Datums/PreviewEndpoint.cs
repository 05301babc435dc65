using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

/// <summary>The beginning of a datum's bytes, for people who look at it. Pages cannot read buckets themselves.</summary>
static class PreviewEndpoint
{
    /// <summary>Enough for a look, and so little that a preview is no way to download.</summary>
    public const int MaxBytes = 64 * 1024;

    public static void MapPreviews(this IEndpointRouteBuilder api) =>
        DatumEndpoints.Named(api.MapGet("/data/{id}/preview/", SendAsync).WithName("getDatumPreview")
        .WithSummary("Get the first 64 KiB of a datum")
        .OrAnswersContent(StatusCodes.Status200OK, "application/octet-stream")
        .Fails(
            DatumErrors.Purged, DatumErrors.ReadNotAllowed, DatumErrors.StoreDeleted, DatumErrors.ChangedJustNow, DatumErrors.Changed,
            DatumErrors.Archived, DatumErrors.Missing, DatumErrors.BucketUnavailable));

    static async Task SendAsync(string id, HttpContext context, DatumLookup lookup, AdoptedObjects objects)
    {
        var (row, _) = await lookup.RequiredAsync(id, context);
        var (bucket, found) = await DownloadEndpoints.RequiredAsync(row, objects, context.RequestAborted);
        var first = Math.Min(found.Size, MaxBytes);
        await using var content = RequestLimits.IsHead(context)
            ? null
            : await ContentEndpoint.OpenAsync(bucket, found, first == 0 ? null : new(0, first - 1), context.RequestAborted);
        var response = context.Response;
        response.ContentLength = content?.Length ?? first;
        ContentEndpoint.Shield(response);
        if (content is not null)
            await content.Body.CopyToAsync(response.Body, context.RequestAborted);
    }
}

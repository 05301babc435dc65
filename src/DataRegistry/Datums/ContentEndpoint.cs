using System.Globalization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace DataRegistry.Datums;

/// <summary>
/// Streams an object's bytes, for keys that no presigned URL can name and for stores without a key to sign with.
/// </summary>
static class ContentEndpoint
{
    public static void MapContent(this IEndpointRouteBuilder api) => api.MapGet("/data/{id}/content/", SendAsync)
        .WithName("getDatumContent")
        .WithSummary("Get the bytes of a datum").WithDescription("Get the whole URL from `GET /data/{id}/download/`.")
        .TakesQuery("token", "The token in that URL.")
        .OrAnswersContent(StatusCodes.Status200OK, "application/octet-stream")
        .OrAnswersContent(StatusCodes.Status206PartialContent, "application/octet-stream")
        .Fails(
            DatumErrors.UrlNotValid, DatumErrors.ReadNotAllowed, DatumErrors.Purged, DatumErrors.ChangedJustNow, DatumErrors.Changed,
                DatumErrors.Missing,
            DatumErrors.Archived, DatumErrors.StoreDeleted, DatumErrors.RangeNotSatisfiable, DatumErrors.BucketUnavailable,
                AccessErrors.TooManyRequests)
        .AllowAnonymous();

    static async Task SendAsync(string id, HttpContext context, DatumTable datums, AdoptedObjects objects, ContentTokens tokens)
    {
        // Without a valid token, a missing datum must look like an existing one.
        if (!DatumId.TryParse(id, out var datum) || !tokens.IsGood(datum, context.Request.Query["token"]))
            throw DatumErrors.UrlNotValid.With();
        var row = await datums.FindAsync(datum, context.RequestAborted) ?? throw CommonErrors.NotFound.With();
        var (bucket, found) = await DownloadEndpoints.RequiredAsync(row, objects, context.RequestAborted);
        var tag = $"\"{found.ETag}\"";
        var range = Range(context.Request, found.Size, tag);
        await using var content = RequestLimits.IsHead(context) ? null : await OpenAsync(bucket, found, range, context.RequestAborted);

        Describe(context.Response, found.Size, tag, range, DownloadEndpoints.FileName(row) ?? row.Id.ToString());
        if (content is null)
            return;
        context.Response.ContentLength = content.Length;
        await content.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    /// <summary>Writes the status and headers of a file, or of a range of it.</summary>
    /// <param name="tag">The file's ETag, in quotes.</param>
    public static void Describe(HttpResponse response, long size, string tag, ByteSpan? range, string name)
    {
        response.StatusCode = range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
        response.ContentLength = range is { } part ? part.Last - part.First + 1 : size;
        Shield(response);
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = tag;
        response.Headers.ContentDisposition = ObjectKey.Attachment(name);
        if (range is { } span)
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {span.First}-{span.Last}/{size}");
    }

    /// <summary>The range that the request asks for; null for the whole, also if it asks for a range of other bytes.</summary>
    /// <param name="tag">The file's ETag, in quotes.</param>
    public static ByteSpan? Range(HttpRequest request, long size, string tag) => IsOfTag(request, tag) ? Range(request, size) : null;

    /// <summary>The bytes are never run as a page of this service, and never kept, whatever the object says of itself.</summary>
    public static void Shield(HttpResponse response)
    {
        response.ContentType = "application/octet-stream";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
    }

    /// <summary>The bytes of an object that was there a moment ago; the request ends with an error if it is not there now.</summary>
    public static async Task<S3Content> OpenAsync(Bucket bucket, S3Object found, ByteSpan? range, CancellationToken cancellationToken)
    {
        try
        {
            return await bucket.GetAsync(found.Key, found.VersionId, range, found.ETag, cancellationToken)
                ?? throw DatumErrors.ChangedJustNow.With();
        }
        catch (BucketException e)
        {
            throw DownloadEndpoints.Error(e);
        }
    }

    /// <summary>
    /// Whether the range is of the present bytes (RFC 9110, section 13.1.5). False for another tag, for a weak one, and
    /// for a time, because no answer has a time.
    /// </summary>
    static bool IsOfTag(HttpRequest request, string tag) => request.Headers.IfRange.Count == 0
        || (RangeConditionHeaderValue.TryParse(request.Headers.IfRange.ToString(), out var condition)
            && condition.EntityTag is { IsWeak: false } asked && asked.Tag.Equals(tag, StringComparison.Ordinal));

    /// <summary>
    /// Null for the whole object: if the request has no range, several, or an unreadable one (RFC 9110, section 14.2).
    /// A range that begins past the end is 416.
    /// </summary>
    public static ByteSpan? Range(HttpRequest request, long size)
    {
        if (!RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var header) || header.Unit != "bytes"
            || header.Ranges.Count != 1)
            return null;
        var asked = header.Ranges.Single();
        var first = asked.From ?? Math.Max(0, size - asked.To!.Value);
        var last = asked.From is null ? size - 1 : Math.Min(asked.To ?? long.MaxValue, size - 1);
        if (first < size && first <= last)
            return new(first, last);
        request.HttpContext.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{size}");
        throw DatumErrors.RangeNotSatisfiable.With(size);
    }
}

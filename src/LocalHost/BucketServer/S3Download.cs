using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>HEAD and GET of an object.</summary>
static class S3Download
{
    public static async Task AnswerAsync(S3Request request, EmbeddedBucket bucket)
    {
        var response = request.Http.Response;
        var versionId = request["versionId"] is { Length: > 0 } id ? id : null;
        if (request.Key.Length > 1024)
            throw new S3Error(400, "KeyTooLongError", "Your key is too long");
        var version = bucket.Find(request.Key, versionId);
        if (version is null)
            throw versionId is null ? S3Error.NoSuchKey() : new S3Error(404, "NoSuchVersion", "The specified version does not exist.");
        if (bucket.Versioning is not EmbeddedVersioning.Off)
            response.Headers["x-amz-version-id"] = version.IdOrNull;
        if (version.IsDeleteMarker)
        {
            response.Headers["x-amz-delete-marker"] = "true";
            if (versionId is null)
                throw S3Error.NoSuchKey();
            response.Headers.Allow = "DELETE";
            throw new S3Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
        }
        response.Headers.ETag = version.ETag;
        response.Headers.LastModified = HeaderUtilities.FormatDate(new DateTimeOffset(version.Modified));
        if (NotModified(request, version))
        {
            response.StatusCode = 304;
            return;
        }
        response.ContentType = request["response-content-type"] ?? version.Attributes?.ContentType ?? "binary/octet-stream";
        if (request["response-content-disposition"] is { } disposition)
            response.Headers.ContentDisposition = disposition;
        response.Headers.AcceptRanges = "bytes";
        if (version.Attributes?.Sha256 is { } sha256
            && string.Equals(request.Header("x-amz-checksum-mode"), "ENABLED", StringComparison.OrdinalIgnoreCase))
        {
            response.Headers["x-amz-checksum-sha256"] = sha256;
            response.Headers["x-amz-checksum-type"] = version.Attributes.CompositeSha256 ? "COMPOSITE" : "FULL_OBJECT";
        }
        var (first, length) = Range(request, version);
        response.ContentLength = length;
        if (!request.IsHead)
            await SendAsync(request, version, first, length);
    }

    /// <summary>Sends the bytes piece by piece, because a synthetic object may be larger than memory.</summary>
    static async Task SendAsync(S3Request request, StoredVersion version, long first, long length)
    {
        const long Piece = 1 << 20;
        var stop = request.Http.RequestAborted;
        for (long sent = 0; sent < length;)
        {
            var size = version.Body is null ? Math.Min(Piece, length - sent) : length;
            await using var body = version.Open(first + sent, size);
            await Microsoft.AspNetCore.Http.Extensions.StreamCopyOperation.CopyToAsync(body, request.Http.Response.Body, size, stop);
            sent += size;
        }
    }

    /// <summary>Throws 412; true for 304. RFC 9110, section 13.2.2: the ETag's conditions come before the date's.</summary>
    static bool NotModified(S3Request request, StoredVersion version)
    {
        var modified = version.Modified.AddTicks(-(version.Modified.Ticks % TimeSpan.TicksPerSecond));
        if (request.Header("If-Match") is { } match ? !Names(match, version.ETag) : Date(request.Header("If-Unmodified-Since")) < modified)
            throw new S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
        return request.Header("If-None-Match") is { } none
            ? Names(none, version.ETag)
            : Date(request.Header("If-Modified-Since")) >= modified;
    }

    static bool Names(string condition, string etag) =>
        condition.Split(
            ',', StringSplitOptions.TrimEntries).Any(c => c is "*" || string.Equals(c.Trim('"'), etag.Trim('"'), StringComparison.Ordinal));

    static DateTime? Date(string? header) => HeaderUtilities.TryParseDate(header, out var date) ? date.UtcDateTime : null;

    /// <summary>The whole object for no range, an unreadable one or several, like S3.</summary>
    static (long First, long Length) Range(S3Request request, StoredVersion version)
    {
        var size = version.Size;
        if (!RangeHeaderValue.TryParse(request.Header("Range"), out var header) || header.Unit != "bytes" || header.Ranges.Count != 1)
            return (0, size);
        var asked = header.Ranges.Single();
        var first = asked.From ?? Math.Max(0, size - asked.To!.Value);
        var last = asked.From is null ? size - 1 : Math.Min(asked.To ?? long.MaxValue, size - 1);
        if (first >= size || last < first)
            throw new S3Error(416, "InvalidRange", "The requested range is not satisfiable");
        request.Http.Response.StatusCode = 206;
        request.Http.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {first}-{last}/{size}");
        return (first, last - first + 1);
    }
}

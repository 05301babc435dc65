using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

static class DownloadEndpoints
{
    public static void MapDownloads(this IEndpointRouteBuilder api) =>
        DatumEndpoints.Named(api.MapGet("/data/{id}/download/", LinkAsync).WithName("getDatumDownload")
        .Answers<DownloadBody>("Get a URL that reads the bytes of a datum without a token, for a short time")
        .Fails(
            DatumErrors.Purged, DatumErrors.ReadNotAllowed, DatumErrors.StoreDeleted, DatumErrors.Changed, DatumErrors.Archived,
                DatumErrors.Missing,
            DatumErrors.CannotBeSigned, DatumErrors.BucketUnavailable));

    static async Task<IResult> LinkAsync(string id, HttpContext context, DatumLookup lookup, DatumDownloads downloads)
    {
        var (row, _) = await lookup.RequiredAsync(id, context);
        var url = await downloads.LinkAsync(context, row);
        // The URL is a secret until it expires, so it is neither cached nor logged.
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(
            new DownloadBody(url)
            {
                Drift = row.Drift is DriftState.Changed or DriftState.Missing ? Fields.WireName(row.Drift.Value) : null,
            }, DatumEndpoints.Json.DownloadBody);
    }

    /// <summary>The adopted object and its bucket. Ends the request with the reason if it is not available.</summary>
    public static async Task<(Bucket Bucket, S3Object Object)> RequiredAsync(
        DatumRow row, AdoptedObjects objects, CancellationToken cancellationToken)
    {
        var adopted = await AskAsync(() => objects.FindAsync(row, cancellationToken));
        return adopted.Found ?? throw Error(adopted, row);
    }

    /// <summary>The file's name for a browser; null if the key ends with a slash, and has no name.</summary>
    public static string? FileName(DatumRow row) => DatumBody.NameOf(row.Key) is { Length: > 0 } name ? name : null;

    public static ApiException Error(BucketException e) =>
        DatumErrors.BucketUnavailable.WithCode(e.Code, e.Message).After(e.IsTransient ? TimeSpan.FromSeconds(5) : null);

    public static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (BucketException e)
        {
            throw Error(e);
        }
    }

    static ApiException Error(AdoptedObject adopted, DatumRow row)
    {
        return adopted.Refusal switch
        {
            ObjectRefusal.Purged => DatumErrors.Purged.With(row.Id),
            ObjectRefusal.ReadNotAllowed => DatumErrors.ReadNotAllowed.With(),
            ObjectRefusal.StoreDeleted => DatumErrors.StoreDeleted.With(),
            ObjectRefusal.Changed => DatumErrors.Changed.With(row.Uri),
            ObjectRefusal.Archived => DatumErrors.Archived.With(row.Uri, adopted.StorageClass ?? "unknown storage class"),
            _ => DatumErrors.Missing.With(row.Uri),
        };
    }
}

/// <param name="Url">Needs no token. Anyone with the URL can read the bytes until it expires.</param>
sealed record DownloadBody(string Url)
{
    /// <summary>
    /// Present if a scan found another object, or none, at the datum's URL. The download still has the adopted bytes.
    /// Else left out.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Drift { get; init; }
}

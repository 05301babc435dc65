using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs.Models;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Selections;

/// <summary>The files of exports, and the sealed URLs by which they are read.</summary>
sealed class ExportLinks(WorkTable work, ContentTokens tokens, IOptions<DatumOptions> options)
{
    /// <summary>
    /// The files of a completed export; null for another job, and for one that is not completed: its files are not all of them.
    /// </summary>
    public async Task<IReadOnlyList<ExportedFileBody>?> OfAsync(HttpContext context, JobRow job)
    {
        if (job.Status != JobStatus.Completed || SelectionOrder.Read(job.Parameters!) is not { Action: SelectionAction.Export } order)
            return null;
        var files = new List<ExportedFileBody>();
        await foreach (var row in work.ListResultsAsync(job.JobId, null, context.RequestAborted))
        {
            if (row.Files is not null)
                files.AddRange(JsonSerializer.Deserialize(row.Files, SelectionStateJson.Default.ListExportedFile)!.Select(BodyOf));
        }

        // A secret until it expires: it is answered, and neither kept nor logged anywhere.
        context.Response.Headers.CacheControl = "no-store";
        return files;

        ExportedFileBody BodyOf(ExportedFile file)
        {
            var selection = new JobId(Storage.TimedId.FromGuid(order.Selection));
            var path = $"/api/v0/selections/{selection}/jobs/{job.JobId}/files/{file.Name}/content/";
            var expiry = TimeSpan.FromSeconds(options.Value.DownloadSeconds);
            return new(
                file.Name, file.Rows, file.Bytes,
                tokens.CanCreate
                    ? $"{PublicUrl.Of(context.Request)}{path}?token={tokens.Create(OwnerOf(job.JobId, file.Name), expiry)}"
                    : null);
        }
    }

    public static string OwnerOf(JobId job, string name) => $"export {job}/{name}";
}

/// <summary>Hands the bytes of an export's file to whoever has its sealed URL.</summary>
static class ExportContent
{
    public static void MapExportContent(this IEndpointRouteBuilder api) => api
        .MapGet("/selections/{id}/jobs/{job}/files/{name}/content/", SendAsync)
        .WithName("getExportedFile").WithSummary("Get a file of an export").WithDescription("The job answers the whole URL.")
        .TakesQuery("token", "The token in that URL.")
        .OrAnswersContent(StatusCodes.Status200OK, "application/octet-stream")
        .OrAnswersContent(StatusCodes.Status206PartialContent, "application/octet-stream")
        .Fails(DatumErrors.UrlNotValid, DatumErrors.RangeNotSatisfiable).AllowAnonymous();

    static async Task SendAsync(string id, string job, string name, HttpContext context, JobBlobs blobs, ContentTokens tokens)
    {
        // A file that is not there is told from one that is by nobody who has no token for it.
        if (!JobId.TryParse(id, out _) || !JobId.TryParse(job, out var export)
            || !tokens.IsGood(ExportLinks.OwnerOf(export, name), context.Request.Query["token"]))
        {
            throw DatumErrors.UrlNotValid.With();
        }

        var blob = blobs.Container.GetBlobClient(ExportWriter.BlobOf(export, name));
        try
        {
            var properties = (await blob.GetPropertiesAsync(cancellationToken: context.RequestAborted)).Value;
            var size = properties.ContentLength;
            var range = ContentEndpoint.Range(context.Request, size);
            var response = context.Response;
            response.StatusCode = range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
            response.ContentLength = range is { } part ? part.Last - part.First + 1 : size;
            response.ContentType = "application/octet-stream";
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers.CacheControl = "no-store";
            response.Headers.AcceptRanges = "bytes";
            response.Headers.ETag = properties.ETag.ToString("H");
            response.Headers.ContentDisposition = ObjectKey.Attachment(name);
            if (range is { } span)
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {span.First}-{span.Last}/{size}");
            if (RequestLimits.IsHead(context) || size == 0)
                return;
            var asked = new BlobDownloadOptions
            {
                Range = range is { } bytes ? new(bytes.First, bytes.Last - bytes.First + 1) : default,
                Conditions = new() { IfMatch = properties.ETag },
            };
            using var download = (await blob.DownloadStreamingAsync(asked, context.RequestAborted)).Value;
            await download.Content.CopyToAsync(response.Body, context.RequestAborted);
        }
        catch (RequestFailedException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            throw CommonErrors.NotFound.With();
        }
    }
}

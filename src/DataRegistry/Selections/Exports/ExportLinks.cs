using Azure;
using Azure.Storage.Blobs.Models;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Selections.Exports;

/// <summary>The files of exports, and the sealed URLs by which they are read.</summary>
sealed class ExportLinks(WorkTable work, ContentTokens tokens, IOptions<DatumOptions> options)
{
    /// <summary>
    /// The files of an export's job once it is completed; null before, because they are not all there, and where it failed.
    /// </summary>
    /// <param name="path">Of the job, without a slash at its end. The files' endpoint lies below it.</param>
    public async Task<IReadOnlyList<ExportedFileBody>?> OfAsync(HttpContext context, JobRow job, string path)
    {
        if (job.Status != JobStatus.Completed)
            return null;
        var files = new List<ExportedFileBody>();
        await foreach (var row in work.ListResultsAsync(job.JobId, null, context.RequestAborted))
        {
            if (row.Files is not null)
                files.AddRange(ExportFiles.Read(row.Files).Select(BodyOf));
        }

        // A secret until it expires: it is answered, and neither kept nor logged anywhere.
        context.Response.Headers.CacheControl = "no-store";
        return files;

        ExportedFileBody BodyOf(ExportedFile file)
        {
            if (!tokens.CanCreate)
                return new(file.Name, file.Rows, file.Bytes, null);
            var token = tokens.Create(OwnerOf(job.JobId, file.Name), TimeSpan.FromSeconds(options.Value.DownloadSeconds));
            var url = $"{PublicUrl.Of(context.Request)}{path}/files/{file.Name}/content/?token={token}";
            return new(file.Name, file.Rows, file.Bytes, url);
        }
    }

    public static string OwnerOf(JobId job, string name) => $"export {job}/{name}";
}

/// <param name="Url">Needs no token. It reads the file, whole or by ranges, until it expires.</param>
sealed record ExportedFileBody(string Name, long Rows, long Bytes, string? Url);

/// <summary>Sends the bytes of an export's file. A sealed URL is all that it takes.</summary>
static class ExportContent
{
    /// <summary>Says of an endpoint that it sends the files of exports.</summary>
    public static RouteHandlerBuilder SendsExport(this RouteHandlerBuilder endpoint) => endpoint
        .WithSummary("Get a file of an export").WithDescription("Get the whole URL from the export's job, in `files`.")
        .TakesQuery("token", "The token in that URL.")
        .OrAnswersContent(StatusCodes.Status200OK, "application/octet-stream")
        .OrAnswersContent(StatusCodes.Status206PartialContent, "application/octet-stream")
        .Fails(DatumErrors.UrlNotValid, DatumErrors.RangeNotSatisfiable).AllowAnonymous();

    /// <param name="id">The id of the exported selection. The URL is valid for the job's files, so only its form is
    /// checked.</param>
    /// <param name="job">The export's id. Another is refused like a token that is not valid.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="context">The request.</param>
    /// <param name="blobs">The blobs of the files.</param>
    /// <param name="tokens">Checks the URL's token.</param>
    public static async Task SendAsync(
        string id, string job, string name, HttpContext context, JobBlobs blobs, ContentTokens tokens)
    {
        // Without a valid token, a file that is not there has the same answer as one that is.
        if (!Guid.TryParse(id, out _) || !JobId.TryParse(job, out var export)
            || !tokens.IsGood(ExportLinks.OwnerOf(export, name), context.Request.Query["token"]))
        {
            throw DatumErrors.UrlNotValid.With();
        }

        var blob = blobs.Container.GetBlobClient(ExportFiles.BlobOf(export, name));
        try
        {
            var properties = (await blob.GetPropertiesAsync(cancellationToken: context.RequestAborted)).Value;
            var size = properties.ContentLength;
            var tag = properties.ETag.ToString("H");
            var range = ContentEndpoint.Range(context.Request, size, tag);
            ContentEndpoint.Describe(context.Response, size, tag, range, name);
            if (RequestLimits.IsHead(context) || size == 0)
                return;
            var asked = new BlobDownloadOptions
            {
                Range = range is { } bytes ? new(bytes.First, bytes.Last - bytes.First + 1) : default,
                Conditions = new() { IfMatch = properties.ETag },
            };
            using var download = (await blob.DownloadStreamingAsync(asked, context.RequestAborted)).Value;
            await download.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (RequestFailedException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            throw CommonErrors.NotFound.With();
        }
    }
}

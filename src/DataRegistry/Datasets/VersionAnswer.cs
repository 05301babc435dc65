using System.Text.Json;
using DataRegistry.Http;
using DataRegistry.Jobs;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>
/// A version with its first files as an answer. Files are written as they are read: many requests at once hold a block of each manifest,
/// not all of it as objects.
/// </summary>
sealed class VersionAnswer(DatasetVersionRow version, ManifestReader manifests)
{
    /// <summary>Bytes that are written before they are sent.</summary>
    const int FlushBytes = 64 * 1024;

    static readonly JsonWriterOptions Options = new() { Encoder = DatasetEndpoints.Json.Options.Encoder };

    /// <exception cref="ApiException">404: the version was deleted meanwhile.</exception>
    public async Task<IResult> ResultAsync(HttpContext context)
    {
        if (version.Manifest is not { } manifest || Fields.Query(context.Request, "exclude") is "files")
            return Results.Json(DatasetVersionBody.From(version), DatasetEndpoints.Json.DatasetVersionBody);
        var files = manifests.FirstAsync(manifest, VersionFiles.Max, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        // After the first read nothing but the storage can fail: from now on the answer has begun.
        var any = await files.MoveNextAsync();
        return Results.Stream(output => WriteAsync(output, files, any, context.RequestAborted), "application/json; charset=utf-8");
    }

    async Task WriteAsync(Stream output, IAsyncEnumerator<ManifestEntry> files, bool any, CancellationToken cancellationToken)
    {
        await using var all = files;
        // Not disposed if a request fails: it may still read the buffer.
        var buffer = new PooledBuffer(2 * FlushBytes);
        using var json = new Utf8JsonWriter(buffer, Options);
        using var body = JsonSerializer.SerializeToDocument(
            DatasetVersionBody.From(version), DatasetEndpoints.Json.DatasetVersionBody);
        json.WriteStartObject();
        foreach (var property in body.RootElement.EnumerateObject())
            property.WriteTo(json);
        json.WriteStartArray("files");
        for (; any; any = await files.MoveNextAsync())
        {
            JsonSerializer.Serialize(json, VersionFileBody.From(files.Current), DatasetEndpoints.Json.VersionFileBody);
            json.Flush();
            if (buffer.Length < FlushBytes)
                continue;
            await output.WriteAsync(buffer.Written, cancellationToken);
            buffer.Truncate(0);
        }

        json.WriteEndArray();
        if (version.Count > VersionFiles.Max)
            json.WriteBoolean("files_truncated", true);
        json.WriteEndObject();
        json.Flush();
        await output.WriteAsync(buffer.Written, cancellationToken);
        buffer.Dispose();
    }
}

using DataRegistry.Jobs;
using DataRegistry.Selections.Exports;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>
/// Files of a version as a stream, from its manifest alone: their rows lie in no order of paths, so that each would cost a read.
/// </summary>
static class VersionStreams
{
    public const string Csv = "text/csv";

    /// <summary>The stream that a request accepts; null for none, which is a page.</summary>
    public static IResult? Of(HttpContext context, ManifestReader manifests, Manifest manifest, PathRange range)
    {
        var files = manifests.ReadAsync(manifest, range, context.RequestAborted);
        return JobResults.IsAskedForLines(context.Request)
            ? JobResults.Lines(files.Select(VersionFileBody.From), VersionJobEndpoints.Json.VersionFileBody, context.RequestAborted)
            : context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(Csv, StringComparison.OrdinalIgnoreCase))
                ? Results.Stream(output => WriteAsync(files, output, context.RequestAborted), Csv)
                : null;
    }

    static async Task WriteAsync(IAsyncEnumerable<ManifestEntry> files, Stream output, CancellationToken cancellationToken)
    {
        await using var text = ExportFile<DatasetFileRow>.Open("", output, ExportFormat.Csv, DatasetFileRow.Table);
        await foreach (var file in files.WithCancellation(cancellationToken))
            await text.AddAsync(DatasetFileRow.From(file), cancellationToken);
        await text.CompleteAsync(cancellationToken);
    }
}

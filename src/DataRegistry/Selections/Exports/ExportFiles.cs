using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;

namespace DataRegistry.Selections.Exports;

/// <summary>Files of jobs. A file counts once a row of the job's results names it.</summary>
sealed class ExportFiles(JobBlobs blobs, SelectionLimits limits)
{
    public static readonly ExportJson Json = new(WireJson.Options(ExportJson.Default));

    public static string BlobOf(JobId job, string name) => $"{job}/export/{name}";

    /// <summary>The rows of a range's window, which become as many files as they need.</summary>
    public WindowFiles<T> Begin<T>(WorkRow range, RangeDelivery delivery, ExportFormat format, ExportTable<T> table) =>
        new(range, limits.FileBytes, (number, cancellationToken) => OpenAsync(number, range, delivery, format, table, cancellationToken));

    /// <summary>The files that a row of results names.</summary>
    public static IReadOnlyList<ExportedFile> Read(string files) => JsonSerializer.Deserialize(files, Json.ListExportedFile)!;

    /// <param name="number">Of the file in its window.</param>
    async Task<ExportFile<T>> OpenAsync<T>(
        int number, WorkRow range, RangeDelivery delivery, ExportFormat format, ExportTable<T> table, CancellationToken cancellationToken)
    {
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{range.Range:D6}-{range.Next:D6}-{number}-{delivery.Id:N}.{format.ToString().ToLowerInvariant()}");
        var stream = await blobs.Container.GetBlockBlobClient(BlobOf(range.JobId, name))
            .OpenWriteAsync(overwrite: true, cancellationToken: cancellationToken);
        return ExportFile<T>.Open(name, stream, format, table);
    }
}

/// <summary>
/// The files of one window of a job. A file is a blob with the delivery's own name. No row names the files of a dead
/// delivery, so nobody sees them.
/// </summary>
/// <param name="fileBytes">The most bytes of a file.</param>
sealed class WindowFiles<T>(WorkRow range, long fileBytes, Func<int, CancellationToken, Task<ExportFile<T>>> open) : IAsyncDisposable
{
    /// <summary>Bytes that a file is kept short of its bound by: more than any row has.</summary>
    const int Slack = 128 * 1024;

    readonly List<ExportedFile> files = [];
    ExportFile<T>? file;

    public async Task AddAsync(T row, CancellationToken cancellationToken)
    {
        if (file?.Bytes >= fileBytes - Slack)
            await CompleteFileAsync(cancellationToken);
        file ??= await open(files.Count, cancellationToken);
        await file.AddAsync(row, cancellationToken);
    }

    /// <summary>Ends the last file. The row names all files; null where there are none.</summary>
    /// <param name="results">The window's other results; null for none.</param>
    public async Task<ResultsRow?> CompleteAsync(ResultsRow? results, CancellationToken cancellationToken)
    {
        await CompleteFileAsync(cancellationToken);
        return files.Count == 0 ? results : (results ?? WorkTable.NewResults(range.JobId, range, blob: "", default)) with
        {
            Files = JsonSerializer.Serialize(files, ExportFiles.Json.ListExportedFile),
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (file is not null)
            await file.DisposeAsync();
    }

    async Task CompleteFileAsync(CancellationToken cancellationToken)
    {
        if (file is null)
            return;
        files.Add(await file.CompleteAsync(cancellationToken));
        file = null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<ExportedFile>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
sealed partial class ExportJson : JsonSerializerContext;

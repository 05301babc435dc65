using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Datums;
using DataRegistry.Http;

namespace DataRegistry.Jobs;

/// <summary>
/// The data of a job that is too large for rows, as blobs of one JSON value a line. Keys may contain any character,
/// including line ends.
/// <code>
/// container adoption
/// {job id}/input/{window, 6 digits}                              keys, sorted by their UTF-8 bytes
/// {job id}/input/mark                                            of a prefix or manifest: makes the collection find the job
/// {job id}/results/{range}-{window}-{delivery}, input-{6 digits} failed and skipped inputs; of a merge, how far a step came
/// {job id}/runs/{run, 6 digits}                                  sorted runs of a manifest, merged into the windows
/// staging/{request}/{run, 6 digits}                              the same for a request, while it is read
/// </code>
/// A blob counts only once a row names it. The name of results contains the delivery's id, so a repeated delivery
/// overwrites nothing that counts. The other blobs have the same content in every delivery.
/// </summary>
sealed class JobBlobs(BlobServiceClient blobs)
{
    /// <summary>The folder for data of requests that have no job yet.</summary>
    public const string StagingFolder = "staging/";

    static readonly JobBlobJson Json = new(WireJson.Options(JobBlobJson.Default));

    public BlobContainerClient Container { get; } = blobs.GetBlobContainerClient("adoption");

    /// <summary>Writes a window of sorted keys.</summary>
    public Task WriteInputAsync(JobId job, int window, IEnumerable<string> keys, CancellationToken cancellationToken) =>
        WriteAsync(InputName(job, window), keys, Json.String, cancellationToken);

    /// <summary>Makes a job visible to the collection if it may have no other blob.</summary>
    public Task MarkAsync(JobId job, CancellationToken cancellationToken) =>
        WriteAsync($"{job}/input/mark", [$"{job}"], Json.String, cancellationToken);

    public async Task<IReadOnlyList<string>> ReadInputAsync(JobId job, int window, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        await foreach (var key in ReadAsync(InputName(job, window), 0, Json.String, cancellationToken))
            keys.Add(key);
        return keys;
    }

    /// <summary>Writes results, which count once a row names them; returns the blob's name.</summary>
    /// <param name="part">Unique within the job, even among repetitions.</param>
    public async Task<string> WriteResultsAsync<T>(
        JobId job, string part, IEnumerable<T> results, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var name = $"{job}/results/{part}";
        await WriteAsync(name, results, type, cancellationToken);
        return name;
    }

    /// <summary>
    /// Writes a window's results, which count once the range's checkpoint names them. Null if there are none.
    /// </summary>
    /// <param name="counts">The number of results of each outcome.</param>
    public async Task<ResultsRow?> WriteWindowResultsAsync<T>(
        WorkRow range, RangeDelivery delivery, IEnumerable<T> results, Counts counts, JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
    {
        if (counts.Total == 0)
            return null;
        var blob = await WriteResultsAsync(range.JobId, PartOf(range, delivery), results, type, cancellationToken);
        return WorkTable.NewResults(range.JobId, range, blob, counts);
    }

    /// <summary>The part of a window's results, which is unique even among repetitions.</summary>
    public static string PartOf(WorkRow range, RangeDelivery delivery) =>
        string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery.Id:N}");

    /// <param name="skip">The number of lines to skip.</param>
    public IAsyncEnumerable<T> ReadResultsAsync<T>(string blob, int skip, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        ReadAsync(blob, skip, type, cancellationToken);

    public static string RunName(JobId job, int run) => string.Create(CultureInfo.InvariantCulture, $"{job}/runs/{run:D6}");

    /// <summary>
    /// Fills a buffer from a position in a blob. Returns the number of bytes, which is smaller only at the blob's end.
    /// </summary>
    public async Task<int> ReadPieceAsync(string name, long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Container.GetBlobClient(name).DownloadStreamingAsync(
                new() { Range = new(position, buffer.Length) }, cancellationToken);
            using var content = answer.Value.Content;
            return await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Azure.RequestFailedException e) when (e.Status == Microsoft.AspNetCore.Http.StatusCodes.Status416RangeNotSatisfiable)
        {
            return 0;
        }
    }

    /// <summary>The jobs that have blobs, oldest first, and <see cref="StagingFolder"/>.</summary>
    public async IAsyncEnumerable<string> FoldersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in Container.GetBlobsByHierarchyAsync(new() { Delimiter = "/" }, cancellationToken))
        {
            if (item.IsPrefix)
                yield return item.Prefix;
        }
    }

    /// <summary>Deletes all blobs whose names have this prefix. A repeated call changes nothing.</summary>
    /// <param name="before">Only blobs that were written before this time; null for all.</param>
    public async Task DeleteAsync(string prefix, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        var old = Container.GetBlobsAsync(
            new() { Prefix = prefix }, cancellationToken).Where(b => before is null || b.Properties.CreatedOn < before);
        await Parallel.ForEachAsync(
            old, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (blob, token) =>
            await Container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: token));
    }

    /// <summary>Deletes the blobs if possible. The collection deletes the rest later.</summary>
    public async Task TryDeleteAsync(string prefix, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(prefix, before: null, cancellationToken);
        }
        catch (Exception)
        {
            // The caller already has an error to report. JobCollection deletes the blobs later.
        }
    }

    static string InputName(JobId job, int window) => string.Create(CultureInfo.InvariantCulture, $"{job}/input/{window:D6}");

    async Task WriteAsync<T>(string name, IEnumerable<T> values, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        // Not returned to its pool if the request fails, because the request may still read it.
        var lines = new PooledBuffer(64 * 1024);
        await using (var json = new Utf8JsonWriter(lines, new() { Encoder = type.Options.Encoder }))
        {
            foreach (var value in values)
            {
                JsonSerializer.Serialize(json, value, type);
                json.Flush();
                json.Reset();
                lines.GetSpan(1)[0] = (byte)'\n';
                lines.Advance(1);
            }
        }

        using var content = StreamOf(lines.Written);
        await Container.GetBlockBlobClient(name).UploadAsync(content, cancellationToken: cancellationToken);
        lines.Dispose();
    }

    static MemoryStream StreamOf(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var array)
            ? new(array.Array!, array.Offset, array.Count, writable: false)
            : new(bytes.ToArray(), writable: false);

    async IAsyncEnumerable<T> ReadAsync<T>(
        string name, int skip, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answer = await Container.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellationToken);
        using var reader = new StreamReader(answer.Value.Content);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (skip-- <= 0)
                yield return JsonSerializer.Deserialize(line, type)!;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(string))]
sealed partial class JobBlobJson : JsonSerializerContext;

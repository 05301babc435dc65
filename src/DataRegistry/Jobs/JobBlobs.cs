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
/// What of a job is too much for rows, as blobs of one JSON value a line (keys may hold any character, line ends too).
/// <code>
/// container adoption
///   {job id}/input/{window, 6 digits}                            keys, sorted by their UTF-8 bytes
///   {job id}/input/mark                                          of a prefix or manifest: only that the job is found by who collects
///   {job id}/results/{range}-{window}-{delivery}, input-{6 digits} failed and skipped inputs
///   {job id}/runs/{run, 6 digits}                                sorted runs of a manifest, of which the windows are made
///   staging/{request}/{run, 6 digits}                            likewise of a request, while it is read
/// </code>
/// A blob counts only once a row names it, and a delivery's results carry its own id: a repeated one overwrites nothing that counts. The
/// others are
/// the same whoever writes them.
/// </summary>
sealed class JobBlobs(BlobServiceClient blobs)
{
    /// <summary>Where requests keep what is no job's yet.</summary>
    public const string StagingFolder = "staging/";

    static readonly JobBlobJson Json = new(WireJson.Options(JobBlobJson.Default));

    public BlobContainerClient Container { get; } = blobs.GetBlobContainerClient("adoption");

    /// <summary>Puts a window of sorted keys away.</summary>
    public Task WriteInputAsync(JobId job, int window, IEnumerable<string> keys, CancellationToken cancellationToken) =>
        WriteAsync(InputName(job, window), keys, Json.String, cancellationToken);

    /// <summary>Makes a job known here that may have no other blob.</summary>
    public Task MarkAsync(JobId job, CancellationToken cancellationToken) =>
        WriteAsync($"{job}/input/mark", [$"{job}"], Json.String, cancellationToken);

    public async Task<IReadOnlyList<string>> ReadInputAsync(JobId job, int window, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        await foreach (var key in ReadAsync(InputName(job, window), 0, Json.String, cancellationToken))
            keys.Add(key);
        return keys;
    }

    /// <summary>Writes results that count from when a row names them; returns the blob's name.</summary>
    /// <param name="part">Unique within the job, also among repetitions.</param>
    public async Task<string> WriteResultsAsync<T>(
        JobId job, string part, IEnumerable<T> results, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var name = $"{job}/results/{part}";
        await WriteAsync(name, results, type, cancellationToken);
        return name;
    }

    /// <summary>
    /// Writes a window's results, which count from when the range's checkpoint names them. Null if there are none.
    /// </summary>
    /// <param name="counts">How many results there are of each outcome.</param>
    public async Task<ResultsRow?> WriteWindowResultsAsync<T>(
        WorkRow range, RangeDelivery delivery, IEnumerable<T> results, Counts counts, JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
    {
        if (counts.Total == 0)
            return null;
        var part = string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery.Id:N}");
        var blob = await WriteResultsAsync(range.JobId, part, results, type, cancellationToken);
        return WorkTable.NewResults(range.JobId, range, blob, counts);
    }

    /// <param name="skip">Lines to pass over.</param>
    public IAsyncEnumerable<T> ReadResultsAsync<T>(string blob, int skip, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        ReadAsync(blob, skip, type, cancellationToken);

    public static string RunName(JobId job, int run) => string.Create(CultureInfo.InvariantCulture, $"{job}/runs/{run:D6}");

    /// <summary>Fills a buffer from a blob's position on; returns how much there was, which is less at the blob's end only.</summary>
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

    /// <summary>Deletes all blobs whose names begin like this. Repeating it changes nothing.</summary>
    /// <param name="before">Only those that were written before; null for all.</param>
    public async Task DeleteAsync(string prefix, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        var old = Container.GetBlobsAsync(
            new() { Prefix = prefix }, cancellationToken).Where(b => before is null || b.Properties.CreatedOn < before);
        await Parallel.ForEachAsync(
            old, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (blob, token) =>
            await Container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: token));
    }

    /// <summary>Deletes them as far as that goes: what stays is collected later.</summary>
    public async Task TryDeleteAsync(string prefix, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(prefix, before: null, cancellationToken);
        }
        catch (Exception)
        {
            // See JobCollection. Whoever calls this has an error of its own to tell.
        }
    }

    static string InputName(JobId job, int window) => string.Create(CultureInfo.InvariantCulture, $"{job}/input/{window:D6}");

    async Task WriteAsync<T>(string name, IEnumerable<T> values, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        // Not returned to its pool where the request fails: it may still be read then.
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
        using var reader = new StreamReader(await Container.GetBlobClient(name).OpenReadAsync(cancellationToken: cancellationToken));
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

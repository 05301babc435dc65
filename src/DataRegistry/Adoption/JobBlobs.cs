using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using DataRegistry.Datums;
using DataRegistry.Http;

namespace DataRegistry.Adoption;

/// <summary>
/// What of a job is too much for rows, as blobs of one JSON value a line (keys may hold any character, line ends too).
/// <code>
/// container adoption
///   {job id}/input/{window, 6 digits}                            keys, sorted by their UTF-8 bytes
///   {job id}/results/{range}-{window}-{delivery} or input        failed and skipped inputs
/// </code>
/// A blob counts only once a row names it, and a delivery's blobs carry its own id: a repeated one overwrites nothing that counts.
/// </summary>
sealed class JobBlobs(BlobServiceClient blobs)
{
    static readonly string BlockId = Convert.ToBase64String(new byte[8]);

    static readonly JobBlobJson Json = new(WireJson.Options(JobBlobJson.Default));

    public BlobContainerClient Container { get; } = blobs.GetBlobContainerClient("adoption");

    /// <summary>Puts a sorted list away in windows; returns how many.</summary>
    public async Task<int> WriteInputAsync(JobId job, IReadOnlyList<string> keys, int windowKeys, CancellationToken cancellationToken)
    {
        var windows = (keys.Count + windowKeys - 1) / windowKeys;
        for (var window = 0; window < windows; window++)
            await WriteAsync(InputName(job, window), keys.Skip(window * windowKeys).Take(windowKeys), Json.String, cancellationToken);
        return windows;
    }

    public async Task<IReadOnlyList<string>> ReadInputAsync(JobId job, int window, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        await foreach (var key in ReadAsync(InputName(job, window), 0, Json.String, cancellationToken))
            keys.Add(key);
        return keys;
    }

    /// <summary>Writes results that count from when a row names them; returns the blob's name.</summary>
    /// <param name="part">Unique within the job, also among repetitions.</param>
    public async Task<string> WriteResultsAsync(JobId job, string part, IEnumerable<AdoptionFailure> failures, CancellationToken cancellationToken)
    {
        var name = $"{job}/results/{part}";
        await WriteAsync(name, failures, Json.AdoptionFailure, cancellationToken);
        return name;
    }

    /// <param name="skip">Lines to pass over.</param>
    public IAsyncEnumerable<AdoptionFailure> ReadResultsAsync(string blob, int skip, CancellationToken cancellationToken) =>
        ReadAsync(blob, skip, Json.AdoptionFailure, cancellationToken);

    static string InputName(JobId job, int window) => string.Create(CultureInfo.InvariantCulture, $"{job}/input/{window:D6}");

    async Task WriteAsync<T>(string name, IEnumerable<T> values, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        foreach (var value in values)
        {
            JsonSerializer.Serialize(content, value, type);
            content.WriteByte((byte)'\n');
        }

        content.Position = 0;
        // By block, not by upload: that one loads System.IO.Hashing, which some feeds lack (see DataRegistry.csproj).
        var blob = Container.GetBlockBlobClient(name);
        await blob.StageBlockAsync(BlockId, content, cancellationToken: cancellationToken);
        await blob.CommitBlockListAsync([BlockId], cancellationToken: cancellationToken);
    }

    async IAsyncEnumerable<T> ReadAsync<T>(
        string name, int skip, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
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
[JsonSerializable(typeof(AdoptionFailure))]
sealed partial class JobBlobJson : JsonSerializerContext;

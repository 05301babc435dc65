using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datasets;

/// <summary>One file of a version: a path, and the facts of its datum as they were when the version was made. It never changes.</summary>
sealed record ManifestEntry
{
    /// <summary>Unique in the version. See <see cref="DatasetPath"/>.</summary>
    public required string Path { get; init; }

    public required DatumId Datum { get; init; }
    public required Guid Store { get; init; }
    public required string Bucket { get; init; }
    public required string Key { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Without its quotes.</summary>
    public required string Etag { get; init; }

    /// <summary>Of S3; null if the bucket keeps no versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>Null if the bucket did not tell it.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Hex, as are the others; null if it was not known when the version was made.</summary>
    public string? Md5 { get; init; }
    public string? Sha1 { get; init; }
    public string? Sha256 { get; init; }

    /// <summary>The key's last segment.</summary>
    [JsonIgnore] public string Name => DatumBody.NameOf(Key);

    [JsonIgnore] public string Uri => new S3Url(Bucket, Key).ToString();

    /// <summary>The order of a manifest's entries: by the UTF-8 bytes of their paths, as S3 lists keys.</summary>
    public static IComparer<string> PathOrder => OrderedKey.Comparer;

    public static ManifestEntry From(string path, DatumRow datum) => new()
    {
        Path = path,
        Datum = datum.Id,
        Store = datum.Store,
        Bucket = datum.Bucket,
        Key = datum.Key,
        Size = datum.Size,
        Etag = datum.ObjectETag,
        VersionId = datum.VersionId,
        LastModified = datum.LastModified,
        Md5 = datum.Md5,
        Sha1 = datum.Sha1,
        Sha256 = datum.Sha256,
    };
}

/// <summary>A version's entries in a blob. They count once a row names the blob.</summary>
/// <param name="Blob">The blob's name in the container of manifests.</param>
/// <param name="Length">Bytes of the blob.</param>
/// <param name="IndexAt">The position of the index, which ends with the blob.</param>
/// <param name="Count">Entries.</param>
/// <param name="Bytes">Of the entries' objects together.</param>
sealed record Manifest(string Blob, long Length, long IndexAt, long Count, long Bytes);

/// <summary>Entries of a block: the unit that is compressed, and read.</summary>
/// <param name="First">The path of its first entry.</param>
/// <param name="At">Its position in the blob.</param>
/// <param name="Raw">Its bytes before they were compressed.</param>
/// <param name="Count">Its entries.</param>
/// <param name="Files">A hash of their paths and datums.</param>
sealed record ManifestBlock(string First, long At, int Raw, int Count, string Files)
{
    /// <summary>Whether another block has the same files under the same paths.</summary>
    public bool HasFilesOf(ManifestBlock other) => (First, Count, Files) == (other.First, other.Count, other.Files);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ManifestEntry))]
[JsonSerializable(typeof(ManifestBlock))]
[JsonSerializable(typeof(MergeStep))]
sealed partial class ManifestJson : JsonSerializerContext;

/// <summary>How a line of a manifest is written.</summary>
static class ManifestLines
{
    static readonly ManifestJson Json = new(WireJson.Options(ManifestJson.Default));

    public static JsonTypeInfo<ManifestEntry> Entry => Json.ManifestEntry;

    public static JsonTypeInfo<ManifestBlock> Block => Json.ManifestBlock;

    public static JsonTypeInfo<MergeStep> Step => Json.MergeStep;
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// A bucket's objects as files. Keys may contain characters that file names may not, and may be longer. So names are
/// hashes, and a row beside the bytes has the key:
/// <code>
/// {bucket}/versioning                     Enabled | Suspended; absent: Off
/// {bucket}/{SHA-256 of key}-{number}      the bytes
/// {bucket}/{SHA-256 of key}-{number}.row  the version, in JSON; bytes without a row were never put
/// </code>
/// Numbers ascend, so that versions load in the order in which they were put.
/// </summary>
sealed class BucketFolder
{
    readonly string path;
    long number;

    public BucketFolder(string path)
    {
        this.path = path;
        Directory.CreateDirectory(path);
    }

    public EmbeddedVersioning Versioning =>
        File.Exists(Path.Combine(path, "versioning"))
            && Enum.TryParse<EmbeddedVersioning>(File.ReadAllText(Path.Combine(path, "versioning")), out var kept)
            ? kept
            : EmbeddedVersioning.Off;

    public void SaveVersioning(EmbeddedVersioning versioning) => File.WriteAllText(Path.Combine(path, "versioning"), versioning.ToString());

    /// <summary>The versions, from old to new.</summary>
    public IEnumerable<StoredVersion> Load()
    {
        var rows = Directory.EnumerateFiles(path, "*.row").Select(
            file => (file[..^4], Row: JsonSerializer.Deserialize<Row>(File.ReadAllText(file))!)).OrderBy(r => r.Row.Number);
        foreach (var (file, row) in rows)
        {
            number = row.Number;
            yield return new StoredVersion(
                row.Key,
                row.Id,
                row.Size,
                UInt128.Parse(row.Hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                file,
                row.ContentType is null && row.Sha256 is null ? null : new StoredAttributes(row.ContentType, row.Sha256, false),
                row.Modified,
                row.IsDeleteMarker);
        }
    }

    /// <returns>The file's path.</returns>
    public string Save(byte[] key, byte[] content)
    {
        var file = NewFile(key);
        File.WriteAllBytes(file, content);
        return file;
    }

    public void SaveRow(StoredVersion version, UInt128 hash)
    {
        var file = version.Body as string ?? NewFile(version.Key);
        var row = new Row(
            number, version.Key, version.Id, version.Size, hash.ToString("x32", CultureInfo.InvariantCulture),
            version.Attributes?.ContentType, version.Attributes?.Sha256, version.Modified, version.IsDeleteMarker);
        File.WriteAllText(file + ".row", JsonSerializer.Serialize(row));
    }

    /// <summary>
    /// Removes a version's files. A delete marker made in this run has no file name; its row is found by its id.
    /// </summary>
    public void Remove(StoredVersion version)
    {
        if (version.Body is string file)
        {
            File.Delete(file + ".row");
            File.Delete(file);
            return;
        }
        foreach (var row in Directory.EnumerateFiles(path, Hash(version.Key) + "-*.row"))
            if (JsonSerializer.Deserialize<Row>(File.ReadAllText(row))! is { IsDeleteMarker: true } kept
                && string.Equals(kept.Id, version.Id, StringComparison.Ordinal))
                File.Delete(row);
    }

    string NewFile(byte[] key) => Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{Hash(key)}-{++number}"));

    static string Hash(byte[] key) => Convert.ToHexStringLower(SHA256.HashData(key));

    sealed record Row(
        long Number, byte[] Key, string? Id, long Size, string Hash, string? ContentType, string? Sha256, DateTime Modified,
        bool IsDeleteMarker);
}

using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>Off until first enabled; from then on only enabled or suspended, as in S3.</summary>
public enum EmbeddedVersioning { Off, Enabled, Suspended }

/// <summary>A bucket of the embedded server, in memory or in a folder. Safe for concurrent use.</summary>
public sealed class EmbeddedBucket
{
    readonly Lock gate = new();
    readonly SortedKeys keys = new();
    readonly BucketFolder? folder;
    EmbeddedVersioning versioning;

    internal EmbeddedBucket(string name, BucketFolder? folder)
    {
        Name = name;
        this.folder = folder;
        if (folder is null)
            return;
        versioning = folder.Versioning;
        foreach (var version in folder.Load())
            keys.Set(Chain(version));
    }

    public string Name { get; }

    /// <summary>The number of keys, including those whose latest version is a delete marker.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return keys.Count;
        }
    }

    public EmbeddedVersioning Versioning
    {
        get => versioning;
        set
        {
            lock (gate)
                versioning = value is EmbeddedVersioning.Off && versioning is not EmbeddedVersioning.Off
                    ? EmbeddedVersioning.Suspended
                    : value;
            folder?.SaveVersioning(versioning);
        }
    }

    /// <param name="sha256">The uploader's checksum in base64, as S3 keeps it. An upload in n parts has <c>-n</c> at
    /// its end, and <paramref name="composite"/>.</param>
    /// <returns>The version's id; null if the bucket keeps none.</returns>
    public string? Put(
        string key, ReadOnlySpan<byte> content, string? contentType = null, string? sha256 = null, bool composite = false,
        DateTime? modified = null) =>
        Put(Encoding.UTF8.GetBytes(key), content.ToArray(), new StoredAttributes(contentType, sha256, composite), modified).Id;

    /// <summary>Adds an object whose bytes follow from its key. It takes no memory, and a folder does not keep it.</summary>
    public void AddSynthetic(string key, long size)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        var hash = StoredVersion.Md5(
            size <= SyntheticBody.LargestHashed ? SyntheticBody.Bytes(bytes, 0, size) : [.. bytes, .. BitConverter.GetBytes(size)]);
        lock (gate)
            keys.Set(Chain(new StoredVersion(bytes, NewId(), size, hash, null, null, DateTime.UtcNow)));
    }

    /// <summary>Like S3's DELETE, it succeeds if there is no such key.</summary>
    public void Delete(string key, string? versionId = null) => Delete(Encoding.UTF8.GetBytes(key), versionId);

    internal StoredVersion Put(byte[] key, byte[] content, StoredAttributes? attributes, DateTime? modified = null)
    {
        var hash = StoredVersion.Md5(content);
        lock (gate)
        {
            var id = NewId();
            var version = new StoredVersion(
                key, id, content.Length, hash, folder is null ? content : folder.Save(key, content), attributes,
                modified ?? DateTime.UtcNow);
            folder?.SaveRow(version, hash);
            keys.Set(Chain(version));
            return version;
        }
    }

    /// <summary>The new delete marker, or the removed version; null if there was none.</summary>
    internal StoredVersion? Delete(byte[] key, string? versionId)
    {
        lock (gate)
        {
            var newest = keys.Find(key);
            if (versionId is not null)
                return newest is null ? null : RemoveVersion(newest, versionId);
            if (versioning is EmbeddedVersioning.Off)
                return newest is null ? null : RemoveVersion(newest, "null");
            var marker = new StoredVersion(key, NewId(), 0, 0, Array.Empty<byte>(), null, DateTime.UtcNow, isDeleteMarker: true);
            folder?.SaveRow(marker, 0);
            keys.Set(Chain(marker));
            return marker;
        }
    }

    /// <summary>The newest version, or the requested one; null if absent. It may be a delete marker.</summary>
    internal StoredVersion? Find(byte[] key, string? versionId)
    {
        lock (gate)
        {
            var version = keys.Find(key);
            while (versionId is not null && version is not null && !string.Equals(version.IdOrNull, versionId, StringComparison.Ordinal))
                version = version.Older;
            return version;
        }
    }

    /// <summary>Reads while no write runs. The function must be short.</summary>
    internal T Read<T>(Func<SortedKeys, T> read)
    {
        lock (gate)
            return read(keys);
    }

    string? NewId() => versioning is EmbeddedVersioning.Enabled ? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) : null;

    /// <summary>Puts the new version before the older ones. A version without id replaces the earlier one without id.</summary>
    StoredVersion Chain(StoredVersion version)
    {
        version.Older = keys.Find(version.Key);
        if (version.Id is null)
            for (var at = version; at.Older is { } older; at = older)
                if (older.Id is null)
                {
                    at.Older = older.Older;
                    folder?.Remove(older);
                    break;
                }
        return version;
    }

    StoredVersion? RemoveVersion(StoredVersion newest, string versionId)
    {
        StoredVersion? newer = null;
        for (var at = newest; at is not null; newer = at, at = at.Older)
        {
            if (!string.Equals(at.IdOrNull, versionId, StringComparison.Ordinal))
                continue;
            if (newer is not null)
                newer.Older = at.Older;
            else if (at.Older is { } older)
                keys.Set(older);
            else
                keys.Remove(at.Key);
            folder?.Remove(at);
            return at;
        }
        return null;
    }
}

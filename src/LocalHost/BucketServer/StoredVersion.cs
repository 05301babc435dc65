using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>Attributes that few objects have. Null for the others, to save memory with a million objects.</summary>
sealed record StoredAttributes(string? ContentType, string? Sha256, bool CompositeSha256);

/// <summary>A version of an object, or a delete marker. A key's versions are linked from new to old.</summary>
/// <param name="key">UTF-8: half the memory of a string, and in S3's order.</param>
/// <param name="body">A byte array, a file's path, or null for synthetic bytes (<see cref="SyntheticBody"/>).</param>
sealed class StoredVersion(
    byte[] key, string? id, long size, UInt128 hash, object? body, StoredAttributes? attributes, DateTime modified,
    bool isDeleteMarker = false)
{
    public byte[] Key { get; } = key;

    /// <summary>Null: S3's <c>null</c> version, put while the bucket kept no versions.</summary>
    public string? Id { get; } = id;
    public long Size { get; } = size;
    public object? Body { get; } = body;
    public StoredAttributes? Attributes { get; } = attributes;
    public DateTime Modified { get; } = modified;
    public bool IsDeleteMarker { get; } = isDeleteMarker;
    public StoredVersion? Older { get; set; }

    /// <summary>
    /// With quotes. The MD5 of the bytes, except for long synthetic ones, which are never read. Those have the ETag of
    /// an upload in parts, so that no client reads it as an MD5.
    /// </summary>
    public string ETag
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
            return $"\"{Convert.ToHexStringLower(bytes)}{(Body is null && Size > SyntheticBody.LargestHashed ? "-2" : "")}\"";
        }
    }

    public string IdOrNull => Id ?? "null";

    public static UInt128 Md5(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[16];
#pragma warning disable CA5351 // S3 defines the ETag as an MD5.
        MD5.HashData(bytes, hash);
#pragma warning restore CA5351
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    public Stream Open(long first, long length) => Body switch
    {
        byte[] bytes => new MemoryStream(bytes, (int)first, (int)length, writable: false),
        string path => OpenFile(path, first),
        _ => new MemoryStream(SyntheticBody.Bytes(Key, first, length), writable: false),
    };

    static FileStream OpenFile(string path, long first)
    {
        var file = File.OpenRead(path);
        file.Position = first;
        return file;
    }
}

/// <summary>Bytes that follow from key and offset, so that a million objects need none in memory.</summary>
static class SyntheticBody
{
    /// <summary>The largest synthetic object whose ETag is the real MD5.</summary>
    public const int LargestHashed = 4096;

    public static byte[] Bytes(ReadOnlySpan<byte> key, long first, long length)
    {
        var seed = 14695981039346656037UL;
        foreach (var b in key)
            seed = (seed ^ b) * 1099511628211UL;
        var bytes = new byte[length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((seed + (ulong)(first + i)) * 0x9E3779B97F4A7C15UL >> 56);
        return bytes;
    }
}

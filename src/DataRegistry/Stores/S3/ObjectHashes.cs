using System.Buffers;
using System.Security.Cryptography;

namespace DataRegistry.Stores.S3;

/// <summary>Hashes of an object's bytes, in hex.</summary>
/// <param name="Md5">Null, like the SHA-1, if S3 gave the SHA-256 and nothing was read.</param>
public sealed record ObjectHashes(string? Md5, string? Sha1, string Sha256);

public static class ObjectHashing
{
    const int BufferBytes = 256 * 1024;

    /// <summary>
    /// Reads the whole object in constant memory. Null if the described object is no longer there. It hashes only bytes
    /// of that version, or of that ETag, and exactly as many as the object has.
    /// </summary>
    /// <exception cref="BucketException">The object could not be read to its end, or its bytes do not match its
    /// MD5.</exception>
    public static async Task<ObjectHashes?> HashAsync(this Bucket bucket, S3Object described, CancellationToken cancellationToken)
    {
        await using (var content = await bucket.GetAsync(
            described.Key, described.VersionId, ifMatch: described.ETag.Length > 0 ? described.ETag : null,
            cancellationToken: cancellationToken))
        {
            if (content is not null && content.ETag == described.ETag && content.Length == described.Size
                && (described.VersionId is not { } version || content.VersionId == version))
                return Matching(bucket, described, await ReadAsync(bucket, content, cancellationToken));
        }

        return await HashBetweenHeadsAsync(bucket, described, cancellationToken);
    }

    /// <summary>
    /// For a server whose GET gives another ETag or size than the description. The HEADs before and after the reading
    /// must be equal.
    /// </summary>
    static async Task<ObjectHashes?> HashBetweenHeadsAsync(Bucket bucket, S3Object described, CancellationToken cancellationToken)
    {
        if ((await bucket.FindAgainAsync(described, cancellationToken)).Found is not { } before)
            return null;
        await using var content = await bucket.GetAsync(described.Key, described.VersionId, cancellationToken: cancellationToken);
        if (content is null)
            return null;
        var hashes = await ReadAsync(bucket, content, cancellationToken);
        return await bucket.HeadAsync(described.Key, described.VersionId, cancellationToken) == before
            ? Matching(bucket, before, hashes)
            : null;
    }

    static ObjectHashes Matching(Bucket bucket, S3Object described, ObjectHashes hashes) =>
        described.Md5 is null || described.Md5 == hashes.Md5 ? hashes
            : throw new BucketException(
                BucketFault.Unexpected, $"The server of bucket '{bucket.Name}' sends bytes that do not match the object's ETag, an MD5.");

    static async Task<ObjectHashes> ReadAsync(Bucket bucket, S3Content content, CancellationToken cancellationToken)
    {
#pragma warning disable CA5350, CA5351 // Clients ask for these hashes; the registry does not rely on them.
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350, CA5351
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var read = 0L;
            for (int count; (count = await content.Body.ReadAsync(buffer, cancellationToken)) > 0; read += count)
            {
                var bytes = buffer.AsSpan(0, count);
                md5.AppendData(bytes);
                sha1.AppendData(bytes);
                sha256.AppendData(bytes);
            }

            if (read != content.Length)
                throw new BucketException(
                    BucketFault.Unreachable,
                    $"The server of bucket '{bucket.Name}' ended an object after {read} of its {content.Length} bytes.");
            return new(Hex(md5), Hex(sha1), Hex(sha256));
        }
        catch (Exception e) when (e is not BucketException && !cancellationToken.IsCancellationRequested)
        {
            throw BucketFaults.From(e, bucket.Name, null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static string Hex(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());
}

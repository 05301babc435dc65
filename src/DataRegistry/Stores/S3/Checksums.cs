using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores.S3;

/// <summary>Finds the hashes in a HEAD that are hashes of the whole object.</summary>
static class Checksums
{
    /// <summary>
    /// The content's MD5 from the ETag; null if the ETag is no MD5. It is none if the object came in parts (the ETag
    /// has a dash), is encrypted with KMS or the caller's key, or lies in a directory bucket.
    /// </summary>
    public static string? Md5(GetObjectMetadataResponse head, string bucket)
    {
        var etag = Listed.ETag(head.ETag);
        var encryption = head.ServerSideEncryptionMethod?.Value;
        return etag.Length == 32 && etag.All(char.IsAsciiHexDigit)
            && (string.IsNullOrEmpty(encryption)
                || string.Equals(encryption, ServerSideEncryptionMethod.AES256.Value, StringComparison.Ordinal))
            && string.IsNullOrEmpty(head.ServerSideEncryptionCustomerMethod?.Value)
            && !bucket.EndsWith("--x-s3", StringComparison.Ordinal)
            ? etag.ToLowerInvariant()
            : null;
    }

    /// <summary>
    /// Null for a composite, the hash of the parts' hashes. It is marked as such, or ends with a dash and the number of
    /// parts.
    /// </summary>
    public static string? Sha256(GetObjectMetadataResponse head)
    {
        Span<byte> hash = stackalloc byte[32];
        return head.ChecksumSHA256 is { Length: 44 } text
            && (head.ChecksumType is null || head.ChecksumType == ChecksumType.FULL_OBJECT)
            && Convert.TryFromBase64String(text, hash, out var length) && length == 32
            ? Convert.ToHexStringLower(hash)
            : null;
    }
}

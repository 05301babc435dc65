using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>A PUT's bytes, unwrapped and checked.</summary>
static class S3Upload
{
    /// <summary>
    /// Throws if the bytes do not match the request's hashes. Checksums other than MD5 and SHA-256 are not checked.
    /// </summary>
    public static async Task<(byte[] Content, StoredAttributes Attributes)> ReadAsync(S3Request request)
    {
        using var buffer = new MemoryStream();
        await request.Http.Request.Body.CopyToAsync(buffer, request.Http.RequestAborted);
        var content = buffer.ToArray();
        var announced = request.Header("x-amz-content-sha256");
        var checksum = request.Header("x-amz-checksum-sha256");
        if (announced?.StartsWith("STREAMING-", StringComparison.Ordinal) == true)
        {
            content = Unwrap(content, out var trailers);
            checksum ??= trailers.GetValueOrDefault("x-amz-checksum-sha256");
        }
        else if (announced is { Length: 64 }
            && !string.Equals(announced, Convert.ToHexStringLower(SHA256.HashData(content)), StringComparison.OrdinalIgnoreCase))
            throw new S3Error(
                400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
#pragma warning disable CA5351 // S3 defines Content-MD5.
        if (request.Header("Content-MD5") is { } md5
            && !string.Equals(md5, Convert.ToBase64String(MD5.HashData(content)), StringComparison.Ordinal))
#pragma warning restore CA5351
            throw new S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
        if (checksum is not null && !string.Equals(checksum, Convert.ToBase64String(SHA256.HashData(content)), StringComparison.Ordinal))
            throw new S3Error(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.");
        return (content, new(request.Header("Content-Type"), checksum, false));
    }

    /// <summary>
    /// Decodes <c>aws-chunked</c>: chunks of <c>{hex size}[;chunk-signature=…]\r\n{bytes}\r\n</c>, the last of size 0,
    /// then trailers (Amazon S3 user guide, "Signature calculations: trailing headers").
    /// </summary>
    static byte[] Unwrap(byte[] wrapped, out Dictionary<string, string> trailers)
    {
        using var content = new MemoryStream();
        trailers = new(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        while (true)
        {
            var line = Line(wrapped, ref at);
            var sizeText = line.Split(';')[0];
            if (!int.TryParse(sizeText, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size) || size < 0
                || size > wrapped.Length - at)
                throw new S3Error(400, "IncompleteBody", "The request body terminated unexpectedly.");
            if (size == 0)
                break;
            content.Write(wrapped, at, size);
            at += size;
            Line(wrapped, ref at);
        }
        while (at < wrapped.Length && Line(wrapped, ref at) is { Length: > 0 } trailer)
            if (trailer.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
                trailers[trailer[..colon]] = trailer[(colon + 1)..].Trim();
        return content.ToArray();
    }

    static string Line(byte[] bytes, ref int at)
    {
        var length = bytes.AsSpan(at).IndexOf("\r\n"u8);
        if (length < 0)
            throw new S3Error(400, "IncompleteBody", "The request body terminated unexpectedly.");
        var line = Encoding.ASCII.GetString(bytes, at, length);
        at += length + 2;
        return line;
    }
}

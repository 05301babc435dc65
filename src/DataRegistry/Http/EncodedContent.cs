using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataRegistry.Http;

/// <summary>
/// A content that is the same for every caller, in the encodings that clients accept. The first request for an encoding makes it.
/// </summary>
sealed class EncodedContent
{
    readonly string hash;
    readonly int length;
    readonly Func<byte[]> plain;
    readonly Lazy<byte[]> brotli, gzip;

    EncodedContent(ReadOnlySpan<byte> content, Func<byte[]> plain, Lazy<byte[]> brotli, Lazy<byte[]> gzip)
    {
        hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));
        (length, this.plain, this.brotli, this.gzip) = (content.Length, plain, brotli, gzip);
    }

    /// <summary>Keeps the content and compresses it as far as possible. Use it for files of some kilobytes.</summary>
    public static EncodedContent OfFile(byte[] content) => new(
        content, () => content,
        new(() => Compress(content, to => new BrotliStream(to, CompressionLevel.SmallestSize))),
        new(() => Compress(content, to => new GZipStream(to, CompressionLevel.SmallestSize))));

    /// <summary>
    /// Compresses the content now and keeps the compressed forms only. For a client that accepts neither, the answer unpacks one.
    /// </summary>
    public static EncodedContent OfDocument(byte[] content)
    {
        var br = Compress(content, to => new BrotliStream(to, CompressionLevel.Optimal));
        var gz = Compress(content, to => new GZipStream(to, CompressionLevel.Optimal));
        return new(content, () => Unpack(br), new(br), new(gz));
    }

    /// <summary>Answers in an encoding that the request accepts, or 304 if the client has the content.</summary>
    public IResult Answer(HttpContext context, string contentType)
    {
        var (bytes, encoding, tag) = For(context.Request.GetTypedHeaders().AcceptEncoding);
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (encoding is not null)
            context.Response.Headers.ContentEncoding = encoding;
        return Results.Bytes(bytes(), contentType, entityTag: tag);
    }

    /// <summary>
    /// The form for a client that accepts these encodings, and its name; null for the plain content. Each form has its own tag.
    /// </summary>
    (Func<byte[]> Bytes, string? Encoding, EntityTagHeaderValue Tag) For(IList<StringWithQualityHeaderValue> accepted)
    {
        var (br, gz) = (QualityOf("br", accepted), QualityOf("gzip", accepted));
        var (form, encoding) = br > 0 && br >= gz ? (brotli, "br") : gz > 0 ? (gzip, "gzip") : (null, null);
        return form is not null && form.Value.Length < length ? (() => form.Value, encoding, Tag($"-{encoding}")) : (plain, null, Tag(""));
    }

    EntityTagHeaderValue Tag(string form) => new($"\"{hash}{form}\"");

    /// <summary>RFC 9110, 12.5.3: an encoding that is not named has the quality of <c>*</c>, or none without it.</summary>
    static double QualityOf(string encoding, IList<StringWithQualityHeaderValue> accepted) =>
        (accepted.FirstOrDefault(a => a.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase)) ?? accepted.FirstOrDefault(
            a => a.Value == "*")) is { } named
            ? named.Quality ?? 1 : 0;

    static byte[] Compress(byte[] content, Func<Stream, Stream> compression)
    {
        using var compressed = new MemoryStream();
        using (var to = compression(compressed))
            to.Write(content);
        return compressed.ToArray();
    }

    static byte[] Unpack(byte[] brotli)
    {
        using var unpacked = new MemoryStream();
        using (var from = new BrotliStream(new MemoryStream(brotli), CompressionMode.Decompress))
            from.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}

using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace DataRegistry.WebConsole;

/// <summary>One file of the console, with its compressed forms: made once, by the first who takes them.</summary>
sealed class ConsoleFile
{
    readonly string hash;
    readonly Lazy<byte[]> brotli, gzip;

    public ConsoleFile(string name, byte[] content)
    {
        Name = name;
        Content = content;
        hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));
        // The best there is: this is done once, and read by everybody.
        brotli = new(() => Compress(to => new BrotliStream(to, CompressionLevel.SmallestSize)));
        gzip = new(() => Compress(to => new GZipStream(to, CompressionLevel.SmallestSize)));
    }

    /// <summary>With <c>/</c> between folders.</summary>
    public string Name { get; }

    public byte[] Content { get; }

    /// <summary>A file of any other kind is a mistake of the build, and no service starts with it.</summary>
    public string ContentType => Path.GetExtension(Name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{Name}: what is '{other}'?"),
    };

    /// <summary>
    /// The form for who accepts these encodings, and its name; null for the file as it is. Each form has a tag of its own.
    /// </summary>
    public FileForm For(IList<StringWithQualityHeaderValue> accepted)
    {
        var (bytes, encoding) = QualityOf("br", accepted) is var br && QualityOf("gzip", accepted) is var gz && br > 0 && br >= gz
            ? (brotli.Value, "br")
            : gz > 0 ? (gzip.Value, "gzip")
            : (Content, null);
        return bytes.Length < Content.Length ? new(bytes, encoding, Tag($"-{encoding}")) : new(Content, null, Tag(""));
    }

    EntityTagHeaderValue Tag(string form) => new($"\"{hash}{form}\"");

    /// <summary>RFC 9110, 12.5.3: what is not named has the quality of <c>*</c>, and none without it.</summary>
    static double QualityOf(string encoding, IList<StringWithQualityHeaderValue> accepted) =>
        (accepted.FirstOrDefault(a => a.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase))
            ?? accepted.FirstOrDefault(a => a.Value == "*")) is { } named
            ? named.Quality ?? 1 : 0;

    byte[] Compress(Func<Stream, Stream> compression)
    {
        using var compressed = new MemoryStream();
        using (var to = compression(compressed))
            to.Write(Content);
        return compressed.ToArray();
    }
}

/// <summary>A form in which a file is sent.</summary>
/// <param name="Encoding">Null for the file as it is.</param>
sealed record FileForm(byte[] Bytes, string? Encoding, EntityTagHeaderValue Tag);

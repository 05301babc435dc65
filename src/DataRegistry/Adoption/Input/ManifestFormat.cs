using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption.Input;

/// <summary>Checks a manifest's beginning. A file of another format would become a job that finds no objects.</summary>
static class ManifestFormat
{
    /// <summary>Bytes that are checked.</summary>
    public const int HeadBytes = 8192;

    const string Requirement = "A manifest is UTF-8 text with one URL or key a line, and nothing else.";

    /// <summary>Names of columns that show that a first line belongs to a table.</summary>
    static readonly string[] Columns = ["bucket", "key", "url", "uri", "path", "object", "name", "size", "etag", "version", "versionid"];

    static readonly (byte[] Magic, string Name)[] Binary =
    [
        ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ("BZh"u8.ToArray(), "bzip2"), ([0xFD, .. "7zXZ"u8], "xz"),
        ([.. "PK"u8, 3, 4], "zip"), ([0x04, 0x22, 0x4D, 0x18], "lz4"), ([0xFF, 0x06, 0x00, 0x00, .. "sNaPpY"u8], "snappy"),
        ("7z"u8.ToArray(), "7z"), ("PAR1"u8.ToArray(), "Parquet"), ("ORC"u8.ToArray(), "ORC"), ([.. "Obj"u8, 1], "Avro"),
        ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"), ("SQLite format"u8.ToArray(), "SQLite"),
    ];

    /// <summary>Reads the file's beginning with one GET. The job finds errors further on.</summary>
    /// <inheritdoc cref="Refuse" path="/returns"/>
    /// <exception cref="BucketException">The file cannot be read.</exception>
    public static async Task<string?> RefuseAsync(Bucket bucket, S3Object file, CancellationToken cancellationToken)
    {
        var wanted = (int)Math.Min(HeadBytes, file.Size);
        await using var content = await bucket.GetAsync(
            file.Key, range: new ByteSpan(0, wanted - 1), ifMatch: file.ETag, cancellationToken: cancellationToken);
        if (content is null)
            return null;
        var head = new byte[wanted];
        try
        {
            var read = await content.Body.ReadAtLeastAsync(head, wanted, throwOnEndOfStream: false, cancellationToken);
            return Refuse(head.AsSpan(0, read), wanted == file.Size, file.Key, bucket.Name);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <returns>A sentence for people about the file's format; null if it may be a list.</returns>
    /// <param name="head">The file's first bytes: all of a short one, else <see cref="HeadBytes"/>.</param>
    /// <param name="isWhole">They are the whole file.</param>
    /// <param name="name">The file's key.</param>
    /// <param name="bucket">The store's bucket.</param>
    public static string? Refuse(ReadOnlySpan<byte> head, bool isWhole, string name, string bucket)
    {
        foreach (var (magic, format) in Binary)
        {
            // A key may begin with these letters too, so also require a line that is no text.
            if (head.StartsWith(magic) && (magic[0] is < (byte)' ' or >= 0x80 || IsBinary(head, isWhole)))
                return $"The manifest is a file of the format {format}. {Requirement} Unpack or convert it first.";
        }

        if (IsBinary(head, isWhole))
            return $"The manifest is not text, or not in UTF-8. {Requirement}";
        if (head.StartsWith("\uFEFF"u8))
            head = head[3..];
        var lines = Encoding.UTF8.GetString(head).Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        // The last line may be cut off.
        if (!isWhole && lines.Length > 1)
            lines = lines[..^1];
        if (lines.Length == 0)
            return null;
        if (IsJson(head))
            return $"The manifest is JSON. {Requirement} Of an S3 Inventory, take the keys of the files that its manifest.json names.";
        return IsTable(lines, name, bucket)
            ? $"The manifest is a CSV file. {Requirement} Take the column with the URLs, or with the decoded keys."
            : null;
    }

    /// <summary>
    /// Whether the bytes are no UTF-8. A character may be cut off at their end, unless that is the file's end.
    /// </summary>
    static bool IsBinary(ReadOnlySpan<byte> head, bool isWhole)
    {
        var text = head;
        for (var cut = isWhole ? 3 : 0; cut < 3 && text.Length > 0 && text[^1] >= 0x80 && !Utf8.IsValid(text); cut++)
            text = text[..^1];
        return head.Contains((byte)0) || !Utf8.IsValid(text);
    }

    /// <summary>
    /// Whether the lines are a table. Keys may contain commas. Quoted fields, a line of column names, the bucket as a
    /// field of its own, or the file's name make a table.
    /// </summary>
    static bool IsTable(string[] lines, string name, string bucket)
    {
        if (Array.TrueForAll(lines, IsQuoted))
            return true;
        foreach (var separator in ",;\t|")
        {
            var first = lines[0].Split(separator);
            if (first.Length > 1 && Array.Exists(first, IsColumn) && !lines[0].AsSpan().ContainsAny('/', '.'))
                return true;
            if (first.Length > 1 && Array.TrueForAll(lines, l => l.StartsWith($"{bucket}{separator}", StringComparison.Ordinal)))
                return true;
            if (IsTableName(name) && Array.TrueForAll(lines, l => l.Contains(separator, StringComparison.Ordinal)))
                return true;
        }

        return false;
    }

    static bool IsColumn(string field) =>
        Columns.Contains(field.Trim(' ', '"').Replace("_", "", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase);

    /// <summary><c>"bucket","key",…</c>, as S3 Inventory writes it, or <c>"url"</c>.</summary>
    static bool IsQuoted(string line)
    {
        if (line[0] != '"')
            return false;
        var end = line.IndexOf('"', 1);
        return end > 0 && (end + 1 == line.Length || line[end + 1] is ',' or ';' or '\t' or '"');
    }

    static bool IsTableName(string name) =>
        name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the file begins like a JSON object or list. A key that begins alike goes on differently.</summary>
    static bool IsJson(ReadOnlySpan<byte> head)
    {
        try
        {
            var reader = new Utf8JsonReader(head, isFinalBlock: false, state: default);
            return reader.Read() && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.Read()
                && reader.TokenType is not (JsonTokenType.Number or JsonTokenType.EndArray);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

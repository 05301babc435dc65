using System.Globalization;
using System.Text;
using System.Text.Json;
using DataRegistry.Http;
using DataRegistry.Jobs;

namespace DataRegistry.Selections;

/// <summary>A file of an export while it is written: lines of JSON, or of CSV after RFC 4180 with a heading line.</summary>
sealed class ExportFile(string name, Stream stream, ExportFormat format) : IAsyncDisposable
{
    /// <summary>Text is handed on in pieces of about so many bytes.</summary>
    const int Piece = 256 * 1024;

    static readonly string[] Columns =
        [.. SelectionEndpoints.Json.ExportRow.Properties.Select(p => p.Name)];

    readonly PooledBuffer buffer = new(Piece);
    long handedOn;
    long rows;

    /// <summary>So far, those included that are not handed on.</summary>
    public long Bytes => handedOn + buffer.Length;

    public async Task AddAsync(ExportRow row, CancellationToken cancellationToken)
    {
        if (format == ExportFormat.Csv && rows == 0)
            Write(string.Join(',', Columns));
        rows++;
        if (format == ExportFormat.Csv)
            Write(string.Join(',', CellsOf(row).Select(Quoted)));
        else
            Write(JsonSerializer.Serialize(row, SelectionEndpoints.Json.ExportRow));
        if (buffer.Length >= Piece - (Piece / 4))
            await HandOnAsync(cancellationToken);
    }

    /// <summary>Ends the file; it is there as a whole from now on.</summary>
    public async Task<ExportedFile> CompleteAsync(CancellationToken cancellationToken)
    {
        await HandOnAsync(cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await DisposeAsync();
        return new(name, rows, handedOn);
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        buffer.Dispose();
    }

    void Write(string line)
    {
        var length = Encoding.UTF8.GetByteCount(line) + 2;
        var span = buffer.GetSpan(length);
        var written = Encoding.UTF8.GetBytes(line, span);
        // RFC 4180 ends lines with both characters; lines of JSON end with one.
        if (format == ExportFormat.Csv)
            span[written++] = (byte)'\r';
        span[written++] = (byte)'\n';
        buffer.Advance(written);
    }

    async Task HandOnAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(buffer.Written, cancellationToken);
        handedOn += buffer.Length;
        buffer.Truncate(0);
    }

    /// <summary>In the order of the columns. A list is a JSON array, since tags may hold any character.</summary>
    static string[] CellsOf(ExportRow row) =>
    [
        row.Id, row.Name, row.Uri, row.Store, row.Key, row.Size.ToString(CultureInfo.InvariantCulture), row.Etag, row.VersionId ?? "",
        WireJson.Text(row.Ctime), Text(row.LastModified), row.StorageClass ?? "", row.Md5 ?? "", row.Sha1 ?? "", row.Sha256 ?? "",
        List(row.Tags), List(row.Aliases), row.Drift, Text(row.Purged), row.Job, row.AdoptedBy,
    ];

    static string Text(DateTimeOffset? time) => time is { } known ? WireJson.Text(known) : "";

    static string List(IReadOnlyList<string> values) =>
        values.Count == 0 ? "" : JsonSerializer.Serialize(values, SelectionEndpoints.Json.IReadOnlyListString);

    static string Quoted(string cell) =>
        cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

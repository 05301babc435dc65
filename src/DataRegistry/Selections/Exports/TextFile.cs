using System.Text;
using System.Text.Json;
using DataRegistry.Jobs;

namespace DataRegistry.Selections.Exports;

/// <summary>A file of lines: JSON or CSV.</summary>
sealed class TextFile<T>(string name, Stream stream, ExportFormat format, ExportTable<T> table) : ExportFile<T>
{
    /// <summary>Text is handed on in pieces of about so many bytes.</summary>
    const int Piece = 256 * 1024;

    readonly PooledBuffer buffer = new(Piece);
    long handedOn;
    long rows;

    public override long Bytes => handedOn + buffer.Length;

    public override async Task AddAsync(T row, CancellationToken cancellationToken)
    {
        if (format == ExportFormat.Csv && rows == 0)
            Write(string.Join(',', table.Columns.Select(c => c.Name)));
        rows++;
        if (format == ExportFormat.Csv)
            Write(string.Join(',', table.Columns.Select(c => Quoted(c.CellOf(row)))));
        else
            Write(JsonSerializer.Serialize(row, table.Json));
        if (buffer.Length >= Piece - (Piece / 4))
            await HandOnAsync(cancellationToken);
    }

    public override async Task<ExportedFile> CompleteAsync(CancellationToken cancellationToken)
    {
        await HandOnAsync(cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await DisposeAsync();
        return new(name, rows, handedOn);
    }

    public override async ValueTask DisposeAsync()
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

    static string Quoted(string cell) =>
        cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

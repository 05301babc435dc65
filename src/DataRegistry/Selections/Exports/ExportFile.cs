namespace DataRegistry.Selections.Exports;

enum ExportFormat
{
    /// <summary>A JSON object a line.</summary>
    Ndjson,

    /// <summary>After RFC 4180, with a heading line.</summary>
    Csv,
    Parquet,
}

/// <summary>A file of an export, which counts from when a row names it.</summary>
/// <param name="Name">The last part of its blob's name.</param>
sealed record ExportedFile(string Name, long Rows, long Bytes);

/// <summary>A file of an export while it is written.</summary>
abstract class ExportFile<T> : IAsyncDisposable
{
    public static ExportFile<T> Open(string name, Stream stream, ExportFormat format, ExportTable<T> table) => format switch
    {
        ExportFormat.Ndjson or ExportFormat.Csv => new TextFile<T>(name, stream, format, table),
        ExportFormat.Parquet => new ParquetFile<T>(name, stream, table),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "A format without a writer."),
    };

    /// <summary>The file's length so far, or more: rows that are not in the stream yet count as if they were not compressed.</summary>
    public abstract long Bytes { get; }

    public abstract Task AddAsync(T row, CancellationToken cancellationToken);

    /// <summary>Ends the file. All of it is stored afterwards.</summary>
    public abstract Task<ExportedFile> CompleteAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

using DataRegistry.Jobs;
using Parquet;

namespace DataRegistry.Selections.Exports;

/// <summary>A file of columns. Rows are collected in groups. A group is written a column at a time.</summary>
sealed class ParquetFile<T>(string name, Stream stream, ExportTable<T> table) : ExportFile<T>
{
    /// <summary>
    /// A group ends at the first of these. It is in memory three times while it is written: as rows, as a column, and as it is encoded.
    /// </summary>
    const int GroupRows = 5_000, GroupBytes = 2 * 1024 * 1024;

    /// <summary>A group's part of the end of the file, which has the least and the greatest value of each column.</summary>
    const int GroupEndBytes = 32 * 1024;

    readonly PooledBuffer buffer = new(GroupBytes / 2);
    readonly List<T> group = [];
    ParquetWriter? writer;
    long groupBytes;
    long handedOn;
    long groups;
    long rows;

    public override long Bytes => handedOn + groupBytes + ((groups + 1) * GroupEndBytes);

    public override async Task AddAsync(T row, CancellationToken cancellationToken)
    {
        group.Add(row);
        rows++;
        groupBytes += table.Columns.Sum(c => c.BytesOf(row));
        if (group.Count == GroupRows || groupBytes >= GroupBytes)
            await WriteGroupAsync(cancellationToken);
    }

    public override async Task<ExportedFile> CompleteAsync(CancellationToken cancellationToken)
    {
        await WriteGroupAsync(cancellationToken);
        if (writer is not null)
        {
            // It writes the end of the file, which tells where the groups are.
            await writer.DisposeAsync();
            writer = null;
        }

        await HandOnAsync(cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await DisposeAsync();
        return new(name, rows, handedOn);
    }

    public override async ValueTask DisposeAsync()
    {
        if (writer is not null)
            await writer.DisposeAsync();
        await stream.DisposeAsync();
        buffer.Dispose();
    }

    async Task WriteGroupAsync(CancellationToken cancellationToken)
    {
        if (group.Count == 0)
            return;
        // The library flushes its stream before each page, and each flush of a blob is a request.
        writer ??= await ParquetWriter.CreateAsync(table.Schema, new BufferStream(buffer), cancellationToken: cancellationToken);
        using (var columns = writer.CreateRowGroup())
        {
            foreach (var column in table.Columns)
                await column.WriteAsync(columns, group, cancellationToken);
            columns.CompleteValidate();
        }

        group.Clear();
        groups++;
        groupBytes = 0;
        await HandOnAsync(cancellationToken);
    }

    async Task HandOnAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(buffer.Written, cancellationToken);
        handedOn += buffer.Length;
        buffer.Truncate(0);
    }

    /// <summary>Adds to a buffer. It counts its own position, because the buffer is emptied meanwhile.</summary>
    sealed class BufferStream(PooledBuffer buffer) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() { }

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] bytes, int offset, int count) => Write(bytes.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(buffer.GetSpan(bytes.Length));
            buffer.Advance(bytes.Length);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
        {
            Write(bytes.Span);
            return default;
        }

        public override Task WriteAsync(byte[] bytes, int offset, int count, CancellationToken cancellationToken)
        {
            Write(bytes, offset, count);
            return Task.CompletedTask;
        }
    }
}

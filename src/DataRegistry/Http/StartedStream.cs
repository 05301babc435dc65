namespace DataRegistry.Http;

/// <summary>A stream with a beginning that was read before. It returns that first, then the rest. Asynchronous only.</summary>
sealed class StartedStream(ReadOnlyMemory<byte> start, Stream rest) : Stream
{
    ReadOnlyMemory<byte> start = start;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (start.IsEmpty)
            return rest.ReadAsync(buffer, cancellationToken);
        var count = Math.Min(start.Length, buffer.Length);
        start[..count].CopyTo(buffer);
        start = start[count..];
        return ValueTask.FromResult(count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

using Azure.Core;
using Azure.Core.Pipeline;

namespace DataRegistry.Benchmarks;

/// <summary>Requests to a storage account; counts the bytes of the answers' bodies.</summary>
sealed class CountingTransport : HttpPipelineTransport, IDisposable
{
    readonly HttpClientTransport inner = new(new HttpClient(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    });

    long received;

    public long Received => Interlocked.Read(ref received);

    public void Dispose() => inner.Dispose();

    public override Request CreateRequest() => inner.CreateRequest();

    public override void Process(HttpMessage message)
    {
        inner.Process(message);
        Count(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        await inner.ProcessAsync(message);
        Count(message);
    }

    /// <summary>As they are read, since answers of tables do not tell their length.</summary>
    void Count(HttpMessage message)
    {
        if (message.Response.ContentStream is { } content)
            message.Response.ContentStream = new CountedStream(content, count => Interlocked.Add(ref received, count));
    }

    sealed class CountedStream(Stream inner, Action<int> read) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

        public override int Read(Span<byte> buffer) => Counted(inner.Read(buffer));

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            await ReadAsync(buffer.AsMemory(offset, count), cancellationToken);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Counted(await inner.ReadAsync(buffer, cancellationToken));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }

        int Counted(int count)
        {
            read(count);
            return count;
        }
    }
}

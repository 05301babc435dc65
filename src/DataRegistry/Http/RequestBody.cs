using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// Reads bodies at the door: what comes back is well-formed and within its size, or the request has ended with its error.
/// </summary>
public static class RequestBody
{
    /// <summary>A JSON body. Wrong types end as an error of the field that has one, broken JSON as a <c>detail</c>, both 400.</summary>
    public static async Task<T> ReadJsonAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(Limited(context, maxBytes), type, context.RequestAborted)
                ?? throw Broken("an object is expected");
        }
        catch (JsonException e)
        {
            var field = e.Path?.TrimStart('$').TrimStart('.').Split('.', '[')[0];
            // A reader's own exception inside means that the text is no JSON; otherwise a value has the wrong type.
            throw e.InnerException is JsonException
                ? Broken(e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}" : "the text ends too early")
                : string.IsNullOrEmpty(field) ? Broken("an object is expected")
                : CommonErrors.WrongType.On(field, e.LineNumber + 1, e.BytePositionInLine + 1);
        }

        static ApiException Broken(string where) => CommonErrors.JsonBroken.With(where);
    }

    /// <summary>A form's fields; 400 where the body is none.</summary>
    public static async Task<IFormCollection> ReadFormAsync(HttpContext context, long maxBytes)
    {
        context.Request.Body = Limited(context, maxBytes);
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw CommonErrors.FormUnreadable.With();
        }
    }

    /// <summary>The list is longer than is worked on at a time.</summary>
    public static ApiException TooMany(int max) => CommonErrors.ListTooLong.With(max);

    /// <summary>The body, which ends the request with 413 as soon as more than the limit has been read.</summary>
    public static Stream Limited(HttpContext context, long maxBytes) => context.Request.ContentLength > maxBytes
        ? throw LimitedStream.TooLarge(maxBytes)
        : new LimitedStream(context.Request.Body, maxBytes);

    /// <summary>Ends the request with 413 as soon as more than the limit has been read.</summary>
    sealed class LimitedStream(Stream inner, long maxBytes) : Stream
    {
        long read;

        public static ApiException TooLarge(long maxBytes) => CommonErrors.BodyTooLarge.With(maxBytes);

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => read; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            return (read += count) <= maxBytes ? count : throw TooLarge(maxBytes);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// Reads bodies at the door: what comes back is well-formed and within its size, or the request has ended with its error.
/// </summary>
public static class RequestBody
{
    const string Json = "application/json";

    /// <summary>
    /// A JSON body. Wrong types end as an error of the field that has one, broken JSON as a <c>detail</c>, both 400. Another type of
    /// body is 415 (see <see cref="BodyType"/>), a misspelt field 400 (see <see cref="NearMiss"/>).
    /// </summary>
    public static Task<T> ReadJsonAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class =>
        ReadAsync(context, type, maxBytes, takesForms: false);

    /// <summary>The same, or a form with the same fields (see <see cref="FormFields"/>).</summary>
    public static Task<T> ReadJsonOrFormAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class =>
        ReadAsync(context, type, maxBytes, takesForms: true);

    /// <summary>A JSON body whatever its type says, for an endpoint that reads its fields itself.</summary>
    public static Task<T> ReadAnyTypeAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class =>
        ParseAsync(context, Limited(context, maxBytes), type);

    static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes, bool takesForms) where T : class
    {
        var request = context.Request;
        var expected = takesForms ? $"{Json}, or a form" : Json;
        var isForm = BodyType.IsForm(request);
        if (!isForm && !BodyType.IsJson(request) && BodyType.Of(request) is not null)
            throw BodyType.Unsupported(request, expected);
        using var read = new MemoryStream();
        await Limited(context, maxBytes).CopyToAsync(read, context.RequestAborted);
        var text = read.ToArray();
        if (isForm && !BodyType.IsObject(text))
        {
            if (!takesForms)
                throw BodyType.Unsupported(request, expected);
            text = FormFields.ToJson(await FormOfAsync(context, new MemoryStream(text)), type);
        }

        NearMiss.Refuse(BodyType.WithoutMark(text), type);
        return await ParseAsync(context, new MemoryStream(text), type);
    }

    static async Task<T> ParseAsync<T>(HttpContext context, Stream body, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(body, type, context.RequestAborted)
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
    public static Task<IFormCollection> ReadFormAsync(HttpContext context, long maxBytes) =>
        FormOfAsync(context, Limited(context, maxBytes));

    /// <param name="body">The request's body, or what was read of it before.</param>
    public static async Task<IFormCollection> FormOfAsync(HttpContext context, Stream body)
    {
        context.Request.Body = body;
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
        : Limited(context.Request.Body, maxBytes);

    /// <inheritdoc cref="Limited(HttpContext, long)"/>
    public static Stream Limited(Stream body, long maxBytes) => new LimitedStream(body, maxBytes);

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
            var count = await ReadInnerAsync(buffer, cancellationToken);
            return (read += count) <= maxBytes ? count : throw TooLarge(maxBytes);
        }

        async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            try
            {
                return await inner.ReadAsync(buffer, cancellationToken);
            }
            catch (IOException e) when (e is not BadHttpRequestException)
            {
                // A body that cannot be read: a chunk whose size is no number that fits, or a caller who has gone.
                throw new BadHttpRequestException(e.Message, e);
            }
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

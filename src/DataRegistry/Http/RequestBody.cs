using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// Reads and checks bodies. A malformed or too large body ends the request with its error.
/// </summary>
public static class RequestBody
{
    const string Json = "application/json";

    /// <summary>
    /// Reads a JSON body. A value of a wrong type is an error of its field, broken JSON a <c>detail</c>, both 400. Another type of
    /// body is 415 (see <see cref="BodyType"/>), a misspelt field 400 (see <see cref="NearMiss"/>).
    /// </summary>
    public static Task<T> ReadJsonAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class =>
        ReadAsync(context, type, maxBytes, takesForms: false);

    /// <summary>Reads a JSON body, or a form with the same fields (see <see cref="FormFields"/>).</summary>
    public static Task<T> ReadJsonOrFormAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes) where T : class =>
        ReadAsync(context, type, maxBytes, takesForms: true);

    /// <summary>Reads a JSON body of any media type, for an endpoint that reads the fields itself.</summary>
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
            // An inner exception of the reader means that the text is no JSON. Otherwise a value has the wrong type.
            throw e.InnerException is JsonException
                ? Broken(e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}" : "the text ends too early")
                : string.IsNullOrEmpty(field) ? Broken("an object is expected")
                : CommonErrors.WrongType.On(field, e.LineNumber + 1, e.BytePositionInLine + 1);
        }

        static ApiException Broken(string where) => CommonErrors.JsonBroken.With(where);
    }

    /// <summary>The fields of a form; 400 if the body is no form.</summary>
    public static Task<IFormCollection> ReadFormAsync(HttpContext context, long maxBytes) =>
        FormOfAsync(context, Limited(context, maxBytes));

    /// <param name="body">The body of the request, or the part that was read before.</param>
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

    /// <summary>The error of a list that is too long for one request.</summary>
    public static ApiException TooMany(int max) => CommonErrors.ListTooLong.With(max);

    /// <summary>Limits a body: reading more than the limit ends the request with 413.</summary>
    public static Stream Limited(HttpContext context, long maxBytes) => context.Request.ContentLength > maxBytes
        ? throw LimitedStream.TooLarge(maxBytes)
        : Limited(context.Request.Body, maxBytes);

    /// <inheritdoc cref="Limited(HttpContext, long)"/>
    public static Stream Limited(Stream body, long maxBytes) => new LimitedStream(body, maxBytes);

    /// <summary>Ends the request with 413 as soon as more than the limit was read.</summary>
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
                // The size of a chunk is malformed or too large, or the caller hung up.
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

using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Adoption;

/// <summary>The answer to a few URLs.</summary>
sealed record AtOnceAnswer(int Status, byte[] Json)
{
    public static AtOnceAnswer Of<T>(int status, T body, JsonTypeInfo<T> type) =>
        new(status, JsonSerializer.SerializeToUtf8Bytes(body, type));

    public IResult Result() => Results.Text(Json, "application/json; charset=utf-8", Status);
}

/// <summary>
/// Adoptions with an Idempotency-Key.
/// <code>
/// the key is new                          the request is done; a job is kept with its key, an answer after it
/// known, with another body                400
/// known, with a job                       202 with the job as it is now; a job that never began is started
/// known, with an answer                   that answer
/// known, with neither                     the first request died: repeat it under its id, so its objects count as created
/// </code>
/// </summary>
sealed class AdoptionKeys(JobTable jobs, JobStarter starts, TimeProvider clock)
{
    /// <summary>The request's key; null if it has none. The body has been read.</summary>
    public static RequestKey? Of(HttpContext context, HashedStream? body, Store store, Project project)
    {
        if (body is null)
            return null;
        var asked = $"{store.Id:N}\n{BodyType.Of(context.Request)}\n{context.Request.QueryString}\n{Convert.ToHexStringLower(body.Hash)}";
        return RequestKey.Of(context, project, asked);
    }

    /// <summary>The answer to a repeated request; null if the request must be done.</summary>
    public async Task<IResult?> FindAsync(HttpContext context, AdoptionOrder order) =>
        order.Key is not null && await jobs.FindKeyAsync(order.Project.Slot, order.Key, context.RequestAborted) is { } known
            ? await RepeatAsync(context, order, known) : null;

    /// <inheritdoc cref="FindAsync"/>
    public async Task<IResult?> RepeatAsync(HttpContext context, AdoptionOrder order, JobKeyRow known)
    {
        if (known.HasJob)
            return AdoptionEndpoints.Accepted(context, await starts.RepeatAsync(known, order.Key!, context.RequestAborted), order);
        order.Key!.RequireSame(known);
        return known.Status is { } status ? new AtOnceAnswer(status, Expanded(known.JoinedAnswer())).Result() : null;
    }

    /// <summary>
    /// Notes the key before the adoption. Returns the row of the first request with the key, whose id the adoption
    /// uses.
    /// </summary>
    public Task<JobKeyRow> BeginAsync(Project project, RequestKey key, CancellationToken cancellationToken) =>
        jobs.AddKeyAsync(JobTable.NewKey(key, JobId.Create(clock.GetUtcNow(), project.Slot)), cancellationToken);

    /// <summary>Keeps the answer. It cannot be cancelled, because the objects are already adopted.</summary>
    public Task EndAsync(JobKeyRow key, AtOnceAnswer answer) =>
        jobs.AnswerAsync(key.WithAnswer(answer.Status, Compressed(answer.Json)), CancellationToken.None);

    static byte[] Compressed(byte[] json)
    {
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(json.Length)];
        return BrotliEncoder.TryCompress(json, compressed, out var length, quality: 5, window: 18) ? compressed[..length]
            : throw new InvalidOperationException($"{json.Length} bytes cannot be compressed.");
    }

    static byte[] Expanded(byte[] compressed)
    {
        using var brotli = new BrotliStream(new MemoryStream(compressed), CompressionMode.Decompress);
        var json = new MemoryStream();
        brotli.CopyTo(json);
        return json.ToArray();
    }
}

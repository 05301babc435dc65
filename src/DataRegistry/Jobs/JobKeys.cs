using System.Runtime.Serialization;
using System.Security.Cryptography;
using System.Text;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Jobs;

/// <summary>The Idempotency-Key of a request.</summary>
/// <param name="Key">SHA-256 of caller, project and key.</param>
/// <param name="Body">SHA-256 of the whole request.</param>
sealed record RequestKey(string Key, string Body)
{
    /// <summary>The key of a request; null if it has none.</summary>
    /// <param name="asked">All that is asked for, in a form that no request of another kind has.</param>
    public static RequestKey? Of(HttpContext context, Project project, string asked) =>
        IdempotencyKey.Of(context.Request) is { } key
            ? new(HashOf($"{Caller.Of(context).Id:N}{project.Id:N}{key}"), HashOf(asked))
            : null;

    /// <summary>Both, for a row that a later delivery of the request recognizes.</summary>
    public string Text => $"{Key} {Body}";

    /// <summary>Ends the request with 400 if the key came with another request before.</summary>
    public void RequireSame(JobKeyRow known)
    {
        if (known.Body != Body)
            throw IdempotencyKey.OtherBody();
    }

    static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>The outcome of starting a job.</summary>
abstract record JobStart
{
    public sealed record Started(JobRow Job) : JobStart;

    /// <summary>The project has the most jobs in progress that it may have.</summary>
    public sealed record TooMany : JobStart;

    /// <summary>Another delivery of the request came first, or another request with its key.</summary>
    public sealed record Repeated(JobKeyRow Key) : JobStart;
}

/// <summary>Deletes expired idempotency keys of existing projects.</summary>
sealed class JobKeyCollection(JobTable jobs, ProjectTable projects) : ICollector
{
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (var slot in await projects.ListAllAsync(cancellationToken).Select(p => p.Slot).Distinct().ToListAsync(cancellationToken))
            await jobs.CollectKeysAsync(slot, cancellationToken);
    }
}

/// <summary>The request and the result of an Idempotency-Key.</summary>
sealed record JobKeyRow : TableRow
{
    /// <summary>The service's limit for a property, in bytes.</summary>
    const int MaxPiece = 64 * 1024;

    /// <summary>SHA-256 of the whole request.</summary>
    public string Body { get; init; } = "";

    /// <summary>The job. Without a job row, the id that the request adopted under, or that of the dataset's version that it made.</summary>
    public Guid Job { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether the request made a job. If not, it was answered at once.</summary>
    public bool HasJob { get; init; }

    /// <summary>The status of the kept answer; null if none.</summary>
    public int? Status { get; init; }

    /// <summary>The answer's body, compressed, in pieces. A larger body is not kept.</summary>
    public byte[]? Answer { get; init; }
    public byte[]? Answer2 { get; init; }
    public byte[]? Answer3 { get; init; }
    public byte[]? Answer4 { get; init; }

    /// <summary>The row with an answer; unchanged if the answer is too large.</summary>
    public JobKeyRow WithAnswer(int status, byte[] compressed) => compressed.Length > 4 * MaxPiece ? this : this with
    {
        Status = status,
        Answer = Piece(compressed, 0),
        Answer2 = Piece(compressed, 1),
        Answer3 = Piece(compressed, 2),
        Answer4 = Piece(compressed, 3),
    };

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Job));

    public byte[] JoinedAnswer() => [.. Answer ?? [], .. Answer2 ?? [], .. Answer3 ?? [], .. Answer4 ?? []];

    static byte[]? Piece(byte[] whole, int number) => whole.Length <= number * MaxPiece ? null
        : whole[(number * MaxPiece)..Math.Min(whole.Length, (number + 1) * MaxPiece)];
}

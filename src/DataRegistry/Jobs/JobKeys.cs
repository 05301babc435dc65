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
/// <param name="Body">SHA-256 of all that is asked for.</param>
sealed record RequestKey(string Key, string Body)
{
    /// <summary>The key of a request; null where it has none.</summary>
    /// <param name="asked">All that is asked for, in a form that no request of another kind has.</param>
    public static RequestKey? Of(HttpContext context, Project project, string asked) =>
        IdempotencyKey.Of(context.Request) is { } key
            ? new(HashOf($"{Caller.Of(context).Id:N}{project.Id:N}{key}"), HashOf(asked))
            : null;

    /// <summary>Ends the request with 400 where the key came with another one before.</summary>
    public void RequireSame(JobKeyRow known)
    {
        if (known.Body != Body)
            throw IdempotencyKey.OtherBody();
    }

    static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>What became of starting a job.</summary>
abstract record JobStart
{
    public sealed record Started(JobRow Job) : JobStart;

    /// <summary>Its project has as many under way as it may.</summary>
    public sealed record TooMany : JobStart;

    /// <summary>Another delivery of the request was quicker, or another request with its key.</summary>
    public sealed record Repeated(JobKeyRow Key) : JobStart;
}

/// <summary>Deletes the idempotency keys that count no more, of the projects that there are.</summary>
sealed class JobKeyCollection(JobTable jobs, ProjectTable projects) : ICollector
{
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (var slot in await projects.ListAllAsync(cancellationToken).Select(p => p.Slot).Distinct().ToListAsync(cancellationToken))
            await jobs.CollectKeysAsync(slot, cancellationToken);
    }
}

/// <summary>What an Idempotency-Key stands for.</summary>
sealed record JobKeyRow : TableRow
{
    /// <summary>Bytes of a property, by the service's limits.</summary>
    const int MaxPiece = 64 * 1024;

    /// <summary>SHA-256 of all that was asked for.</summary>
    public string Body { get; init; } = "";

    /// <summary>The job; where there is no row of it, the id that was adopted under.</summary>
    public Guid Job { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether a job was made; otherwise the request was answered at once.</summary>
    public bool HasJob { get; init; }

    /// <summary>Of the answer that is kept; null for none.</summary>
    public int? Status { get; init; }

    /// <summary>The answer's body, compressed, in pieces; what does not fit is not kept.</summary>
    public byte[]? Answer { get; init; }
    public byte[]? Answer2 { get; init; }
    public byte[]? Answer3 { get; init; }
    public byte[]? Answer4 { get; init; }

    /// <summary>With an answer, where that fits; otherwise as it is.</summary>
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

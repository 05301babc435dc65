using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// <code>
/// table tokens
///   {first 2 digits of the hash} │ {SHA-256 of the token, hex}   whose it is, what it is good for
///   {subject id}                 │ {token id}                    name, hash, what it is good for
/// </code>
/// The first row is the token: where it is missing, nobody gets in with it. The second is for lists; it is inserted before the first and
/// removed after it, so that a token that works can always be seen and revoked.
/// </summary>
public sealed partial class TokenTable(TableServiceClient tables, TimeProvider clock, ILogger<TokenTable> logger) : IStoredTable
{
    /// <summary>How exactly the time of the last use is known; more would be a write with every request.</summary>
    static readonly TimeSpan UsePrecision = TimeSpan.FromHours(1);

    readonly TableClient table = tables.GetTableClient("tokens");

    public TableClient Table => table;

    /// <summary>The token as it is now, not one that is over; null where there is none. One point read.</summary>
    /// <param name="hash">See <see cref="AccessToken.Hash"/>.</param>
    internal async Task<TokenRow?> FindAsync(string hash, CancellationToken cancellationToken) =>
        await table.FindAsync<TokenRow>(PartitionOf(hash), hash, cancellationToken: cancellationToken) is { } row
            && !row.IsOver(clock.GetUtcNow()) ? row : null;

    /// <summary>A new token; its text is nowhere but in the answer.</summary>
    internal async Task<(AccessToken Token, TokenListRow Row)> CreateAsync(
        Guid subject, string name, DateTimeOffset? expires, IReadOnlyCollection<Guid>? projects, CancellationToken cancellationToken)
    {
        var token = AccessToken.Create();
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var limit = projects is null ? null : string.Join(',', projects);
        var listed = new TokenListRow
        {
            PartitionKey = subject.ToString("D"),
            RowKey = id.ToString("D"),
            Hash = token.Hash,
            Name = name,
            Expires = expires,
            Projects = limit,
            CTime = clock.GetUtcNow(),
        };
        await table.TryAddAsync(listed, cancellationToken);
        await table.TryAddAsync(
            new TokenRow
            {
                PartitionKey = PartitionOf(token.Hash),
                RowKey = token.Hash,
                Id = id,
                Subject = subject,
                Expires = expires,
                Projects = limit,
            }, cancellationToken);
        return (token, listed);
    }

    /// <summary>A page of a subject's tokens in the order of their ids, and the cursor of the next one.</summary>
    internal Task<(IReadOnlyList<TokenListRow> Rows, string? Cursor)> ListAsync(
        Guid subject, int limit, string? after, CancellationToken cancellationToken) =>
        table.ReadAsync<TokenListRow>(
            new TableRange(subject.ToString("D")) { After = after }, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, t => t.RowKey, cancellationToken);

    internal Task<TokenListRow?> FindAsync(Guid subject, Guid id, CancellationToken cancellationToken) =>
        table.FindAsync<TokenListRow>(subject.ToString("D"), id.ToString("D"), cancellationToken: cancellationToken);

    /// <summary>From now on nobody gets in with it. Repeating it changes nothing.</summary>
    internal async Task RevokeAsync(TokenListRow token, CancellationToken cancellationToken)
    {
        await table.TryDeleteAsync(PartitionOf(token.Hash), token.Hash, ETag.All, cancellationToken);
        await table.TryDeleteAsync(token.PartitionKey, token.RowKey, ETag.All, cancellationToken);
    }

    /// <summary>Revokes all of a subject's tokens.</summary>
    internal async Task RevokeAllAsync(Guid subject, CancellationToken cancellationToken)
    {
        foreach (var token in await table.ReadAsync<TokenListRow>(
            new TableRange(subject.ToString("D")), cancellationToken: cancellationToken).ToListAsync(cancellationToken))
            await RevokeAsync(token, cancellationToken);
    }

    /// <summary>
    /// Removes tokens that are over: a few among the subject's oldest, so that the log-in that does it costs the same however many there
    /// are.
    /// </summary>
    internal async Task RemoveOverAsync(Guid subject, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var oldest = await table.QueryPageAsync<TokenListRow>(
            new TableRange(subject.ToString("D")), maxPerPage: 100, cancellationToken: cancellationToken);
        foreach (var token in oldest.Values.Where(t => t.Expires <= now).Take(10))
            await RevokeAsync(token, cancellationToken);
    }

    /// <summary>Notes that the token is used, at most once an hour. As best it can: no request fails for it.</summary>
    internal async Task NoteUseAsync(TokenRow token, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now - token.LastUsed < UsePrecision)
            return;
        try
        {
            // Who loses against a revocation or another request changes nothing.
            var use = new TokenUseRow { PartitionKey = token.PartitionKey, RowKey = token.RowKey, LastUsed = now };
            if ((await table.TryUpdateAsync(use, token.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone)
                await table.TryUpdateAsync(
                    use with { PartitionKey = token.Subject.ToString("D"), RowKey = token.Id.ToString("D") }, ETag.All,
                    TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException e)
        {
            Log.UseNotNoted(logger, token.Id, e.Message);
        }
    }

    static string PartitionOf(string hash) => hash[..2];

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The use of token {Token} was not noted: {Error}")]
        public static partial void UseNotNoted(ILogger logger, Guid token, string error);
    }
}

/// <summary>What a request's token is looked up by.</summary>
sealed record TokenRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Subject { get; init; }
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Project ids, with commas between; null for no limit.</summary>
    public string? Projects { get; init; }
    public DateTimeOffset? LastUsed { get; init; }

    public bool IsOver(DateTimeOffset now) => Expires <= now;

    public IReadOnlySet<Guid>? ProjectIds() => Projects?.Split(',').Select(Guid.Parse).ToHashSet();
}

/// <summary>A token as lists show it.</summary>
sealed record TokenListRow : TableRow
{
    public required string Hash { get; init; }
    public required string Name { get; init; }
    public DateTimeOffset? Expires { get; init; }
    public string? Projects { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public DateTimeOffset? LastUsed { get; init; }
}

/// <summary>That a token was used; merged into both of its rows.</summary>
sealed record TokenUseRow : TableRow
{
    public required DateTimeOffset LastUsed { get; init; }
}

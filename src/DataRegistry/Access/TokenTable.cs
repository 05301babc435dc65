using System.Runtime.Serialization;
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
/// removed after it, so that a token that works can always be seen and revoked. A token that goes with another one names it. That one is
/// looked up with each use, so that nothing has to be found when it is revoked.
/// </summary>
public sealed partial class TokenTable(TableServiceClient tables, TimeProvider clock, ILogger<TokenTable> logger) : IStoredTable
{
    /// <summary>How exactly the time of the last use is known; more would be a write with every request.</summary>
    static readonly TimeSpan UsePrecision = TimeSpan.FromHours(1);

    /// <summary>Tokens of a user or service account; those that are over count as long as they are listed.</summary>
    public const int MaxTokens = 1000;

    const int RevokedAtOnce = 16;

    readonly TableClient table = tables.GetTableClient("tokens");

    public TableClient Table => table;

    /// <summary>
    /// The token as it is now; null where there is none, it is over, or the token that it goes with is. One point read, and one more for
    /// each token that it goes with.
    /// </summary>
    /// <param name="hash">See <see cref="AccessToken.Hash"/>.</param>
    internal async Task<TokenRow?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        if (await FindAloneAsync(hash, cancellationToken) is not { } token)
            return null;
        for (var parent = token.Parent; parent is not null;)
        {
            if (await FindAloneAsync(parent, cancellationToken) is not { } row)
            {
                // It is of no use any more, so it is not listed any more either.
                await RevokeAsync(token.RowKey, token.Subject.ToString("D"), token.Id.ToString("D"), cancellationToken);
                return null;
            }

            parent = row.Parent;
        }

        return token;
    }

    /// <summary>
    /// A new token; its text is nowhere but in the answer. Null where the subject has <see cref="MaxTokens"/> that are not over. A log-in
    /// takes the place of the oldest one. Tokens are counted when the new one is listed, so that of several at once each sees the others.
    /// </summary>
    internal async Task<(AccessToken Token, TokenListRow Row)?> CreateAsync(NewToken made, CancellationToken cancellationToken)
    {
        var token = AccessToken.Create();
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var limit = made.Projects is null ? null : string.Join(',', made.Projects);
        var listed = new TokenListRow
        {
            PartitionKey = made.Subject.ToString("D"),
            RowKey = id.ToString("D"),
            Hash = token.Hash,
            Name = made.Name,
            Expires = made.Expires,
            Projects = limit,
            CTime = clock.GetUtcNow(),
            LogIn = made.LogIn,
        };
        await table.TryAddAsync(listed, cancellationToken);
        if (!await MakeRoomAsync(listed, cancellationToken))
        {
            await RevokeAsync(listed, CancellationToken.None);
            return null;
        }

        await table.TryAddAsync(
            new TokenRow
            {
                PartitionKey = PartitionOf(token.Hash),
                RowKey = token.Hash,
                Id = id,
                Subject = made.Subject,
                Expires = made.Expires,
                Projects = limit,
                LogIn = made.LogIn,
                Parent = made.Parent,
                Generation = made.Generation,
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

    /// <summary>
    /// From now on nobody gets in with it, nor with the tokens that go with it. Repeating it changes nothing.
    /// </summary>
    internal Task RevokeAsync(TokenListRow token, CancellationToken cancellationToken) =>
        RevokeAsync(token.Hash, token.PartitionKey, token.RowKey, cancellationToken);

    /// <summary>Revokes all of a subject's tokens.</summary>
    /// <returns>How many there were.</returns>
    internal Task<int> RevokeAllAsync(Guid subject, CancellationToken cancellationToken) =>
        RevokeAsync(subject, _ => true, cancellationToken);

    /// <summary>Revokes the tokens of a subject's log-ins.</summary>
    /// <inheritdoc cref="RevokeAllAsync" path="/returns"/>
    internal Task<int> RevokeLogInsAsync(Guid subject, CancellationToken cancellationToken) =>
        RevokeAsync(subject, token => token.IsLogIn, cancellationToken);

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
            // If a revocation or another request came first, this changes nothing.
            var use = new TokenUseRow { PartitionKey = token.PartitionKey, RowKey = token.RowKey, LastUsed = now };
            if ((await table.TryUpdateAsync(use, token.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone)
                await table.TryUpdateAsync(
                    use with { PartitionKey = token.Subject.ToString("D"), RowKey = token.Id.ToString("D") }, ETag.All,
                    TableUpdateMode.Merge, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.UseNotNoted(logger, token.Id, e.Message);
        }
    }

    /// <summary>The token alone, whatever became of the one that it goes with.</summary>
    async Task<TokenRow?> FindAloneAsync(string hash, CancellationToken cancellationToken) =>
        await table.FindAsync<TokenRow>(PartitionOf(hash), hash, cancellationToken: cancellationToken) is { } row
            && !row.IsOver(clock.GetUtcNow()) ? row : null;

    /// <summary>
    /// Removes tokens until the subject has no more than it may: those that are over, and for a log-in the oldest ones of others. False
    /// where that is not enough.
    /// </summary>
    async Task<bool> MakeRoomAsync(TokenListRow added, CancellationToken cancellationToken)
    {
        var range = new TableRange(added.PartitionKey);
        if (await table.ReadAsync<RowKeyOnly>(range, select: [nameof(RowKeyOnly.RowKey)], cancellationToken: cancellationToken)
            .CountAsync(cancellationToken) <= MaxTokens)
        {
            return true;
        }

        var now = clock.GetUtcNow();
        var tokens = await table.ReadAsync<TokenListRow>(range, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        var others = tokens.Where(t => t.RowKey != added.RowKey).ToList();
        var dispensable = others.Where(t => t.Expires <= now)
            .Concat(others.Where(t => added.IsLogIn && t.IsLogIn && !(t.Expires <= now))).Take(tokens.Count - MaxTokens).ToList();
        await RevokeAsync(dispensable, cancellationToken);
        return dispensable.Count >= tokens.Count - MaxTokens;
    }

    async Task<int> RevokeAsync(Guid subject, Func<TokenListRow, bool> which, CancellationToken cancellationToken)
    {
        var tokens = await table.ReadAsync<TokenListRow>(new TableRange(subject.ToString("D")), cancellationToken: cancellationToken)
            .Where(which).ToListAsync(cancellationToken);
        await RevokeAsync(tokens, cancellationToken);
        return tokens.Count;
    }

    Task RevokeAsync(IEnumerable<TokenListRow> tokens, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        tokens, new ParallelOptions { MaxDegreeOfParallelism = RevokedAtOnce, CancellationToken = cancellationToken },
        async (token, cancel) => await RevokeAsync(token, cancel));

    async Task RevokeAsync(string hash, string subject, string id, CancellationToken cancellationToken)
    {
        await table.TryDeleteAsync(PartitionOf(hash), hash, ETag.All, cancellationToken);
        await table.TryDeleteAsync(subject, id, ETag.All, cancellationToken);
    }

    static string PartitionOf(string hash) => hash[..2];

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The use of token {Token} was not noted: {Error}")]
        public static partial void UseNotNoted(ILogger logger, Guid token, string error);
    }
}

/// <summary>The row that a request's token is looked up by.</summary>
sealed record TokenRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Subject { get; init; }
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Project ids, with commas between; null for no limit.</summary>
    public string? Projects { get; init; }
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Whether it is a log-in's; null in rows of before that was kept.</summary>
    public bool? LogIn { get; init; }

    /// <summary>The hash of the token that it goes with; null for none.</summary>
    public string? Parent { get; init; }

    /// <summary>How many tokens it goes with, one with the other; null for none.</summary>
    public int? Generation { get; init; }

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

    /// <inheritdoc cref="TokenRow.LogIn"/>
    public bool? LogIn { get; init; }

    /// <summary>If it was not kept, the name and an end show it.</summary>
    [IgnoreDataMember] public bool IsLogIn => LogIn ?? (Name == Access.LogIn.TokenName && Expires is not null);
}

/// <summary>A token that is to be made.</summary>
sealed record NewToken(Guid Subject, string Name, DateTimeOffset? Expires, IReadOnlyCollection<Guid>? Projects)
{
    public bool LogIn { get; init; }

    /// <inheritdoc cref="TokenRow.Parent"/>
    public string? Parent { get; init; }

    /// <inheritdoc cref="TokenRow.Generation"/>
    public int Generation { get; init; }
}

/// <summary>That a token was used; merged into both of its rows.</summary>
sealed record TokenUseRow : TableRow
{
    public required DateTimeOffset LastUsed { get; init; }
}

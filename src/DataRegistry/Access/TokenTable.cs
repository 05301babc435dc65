using System.Runtime.Serialization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// <code>
/// table tokens
///   {first 2 digits of the hash} │ {SHA-256 of the token, hex}   owner, limits
///   {subject id}                 │ {token id}                    name, hash, limits
/// </code>
/// The first row is the token, which does not work without it. The second is for lists. It is inserted before the first and removed after
/// it, so every working token can be seen and revoked. A token that ends with another one names it. Each use looks that one up, so
/// revoking it needs no search.
/// </summary>
public sealed partial class TokenTable(TableServiceClient tables, TimeProvider clock, ILogger<TokenTable> logger) : IStoredTable
{
    /// <summary>The precision of the time of the last use. A finer one would cost a write with every request.</summary>
    static readonly TimeSpan UsePrecision = TimeSpan.FromHours(1);

    /// <summary>The most tokens of a user or service account. Expired tokens count as long as they are listed.</summary>
    public const int MaxTokens = 1000;

    const int RevokedAtOnce = 16;

    readonly TableClient table = tables.GetTableClient("tokens");

    public TableClient Table => table;

    /// <summary>
    /// The token as it is now; null if there is none, or if it, or a token that it depends on, has ended. It takes one point read, and one
    /// more for each token that it depends on.
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
                // The token has ended, so remove it from the list.
                await RevokeAsync(token.RowKey, token.Subject.ToString("D"), token.Id.ToString("D"), cancellationToken);
                return null;
            }

            parent = row.Parent;
        }

        return token;
    }

    /// <summary>
    /// Creates a token. Only the answer has its text. Null if the subject has <see cref="MaxTokens"/> that have not ended; a log-in
    /// replaces the oldest one of a log-in. The new token is listed before it counts the others, so concurrent requests see each other.
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
    /// Revokes the token and the tokens that depend on it, at once. Repeating it changes nothing.
    /// </summary>
    internal Task RevokeAsync(TokenListRow token, CancellationToken cancellationToken) =>
        RevokeAsync(token.Hash, token.PartitionKey, token.RowKey, cancellationToken);

    /// <summary>Revokes all of a subject's tokens.</summary>
    /// <returns>The number of tokens.</returns>
    internal Task<int> RevokeAllAsync(Guid subject, CancellationToken cancellationToken) =>
        RevokeAsync(subject, _ => true, cancellationToken);

    /// <summary>Revokes the tokens of a subject's log-ins.</summary>
    /// <inheritdoc cref="RevokeAllAsync" path="/returns"/>
    internal Task<int> RevokeLogInsAsync(Guid subject, CancellationToken cancellationToken) =>
        RevokeAsync(subject, token => token.IsLogIn, cancellationToken);

    /// <summary>
    /// Removes expired tokens, a few of the oldest of the subject. So a log-in costs the same for any number of tokens.
    /// </summary>
    internal async Task RemoveOverAsync(Guid subject, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var oldest = await table.QueryPageAsync<TokenListRow>(
            new TableRange(subject.ToString("D")), maxPerPage: 100, cancellationToken: cancellationToken);
        foreach (var token in oldest.Values.Where(t => t.Expires <= now).Take(10))
            await RevokeAsync(token, cancellationToken);
    }

    /// <summary>Notes a use of the token, at most once an hour. Its failure fails no request.</summary>
    internal async Task NoteUseAsync(TokenRow token, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now - token.LastUsed < UsePrecision)
            return;
        try
        {
            // A revocation or another request was first: change nothing.
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

    /// <summary>The token alone, without the one that it depends on.</summary>
    async Task<TokenRow?> FindAloneAsync(string hash, CancellationToken cancellationToken) =>
        await table.FindAsync<TokenRow>(PartitionOf(hash), hash, cancellationToken: cancellationToken) is { } row
            && !row.IsOver(clock.GetUtcNow()) ? row : null;

    /// <summary>
    /// Removes expired tokens, and for a log-in the oldest ones of other log-ins, until the subject has no more than it may. False if
    /// that is not enough.
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

/// <summary>The row by which a request finds its token.</summary>
sealed record TokenRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Subject { get; init; }
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Project ids, separated by commas; null for no limit.</summary>
    public string? Projects { get; init; }
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Whether a log-in created it; null in older rows.</summary>
    public bool? LogIn { get; init; }

    /// <summary>The hash of the token that it depends on; null for none.</summary>
    public string? Parent { get; init; }

    /// <summary>The number of tokens in the chain that it depends on; null for none.</summary>
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

    /// <summary>In older rows the name and an end tell it.</summary>
    [IgnoreDataMember] public bool IsLogIn => LogIn ?? (Name == Access.LogIn.TokenName && Expires is not null);
}

/// <summary>A token to create.</summary>
sealed record NewToken(Guid Subject, string Name, DateTimeOffset? Expires, IReadOnlyCollection<Guid>? Projects)
{
    public bool LogIn { get; init; }

    /// <inheritdoc cref="TokenRow.Parent"/>
    public string? Parent { get; init; }

    /// <inheritdoc cref="TokenRow.Generation"/>
    public int Generation { get; init; }
}

/// <summary>A use of a token, which is merged into both of its rows.</summary>
sealed record TokenUseRow : TableRow
{
    public required DateTimeOffset LastUsed { get; init; }
}

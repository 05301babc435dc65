using System.Runtime.Serialization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Access;

/// <summary>
/// Users and service accounts.
/// <code>
/// table subjects
///   subjects │ {subject id}                     kind, user name, display name, email, disabled
///            │ name-{user name, lower case}     its subject, the password's hash, the identity it is bound to
///            │ oidc-{SHA-256 of issuer and sub} its subject
/// </code>
/// All rows are in one partition, so a subject and its name are written in one transaction. Of two concurrent requests for a name one gets
/// it.
/// </summary>
public sealed class SubjectTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string Partition = "subjects";
    // This key sorts after every id, because an id has no character after 'f'.
    const string NamePrefix = "name-";
    const string IdentityPrefix = "oidc-";

    readonly TableClient table = tables.GetTableClient("subjects");
    readonly ExpiringCache<Guid, SubjectRow> known = new(clock, AccessOptions.CachedFor);
    readonly ExpiringCache<string, IdentityRow> identities = new(clock, AccessOptions.CachedFor);

    public TableClient Table => table;

    /// <summary>The subject as it was within <see cref="AccessOptions.CachedFor"/>; null if there is none.</summary>
    internal ValueTask<SubjectRow?> FindRecentAsync(Guid id, CancellationToken cancellationToken) =>
        known.GetAsync(id, token => FindAsync(id, token), cancellationToken);

    /// <summary>The subject as it is now; null if there is none.</summary>
    internal Task<SubjectRow?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        table.FindAsync<SubjectRow>(Partition, id.ToString("D"), cancellationToken: cancellationToken);

    internal Task<UsernameRow?> FindNameAsync(Username username, CancellationToken cancellationToken) =>
        table.FindAsync<UsernameRow>(Partition, NamePrefix + username.Key, cancellationToken: cancellationToken);

    /// <summary>A page of subjects in the order of their ids, and the cursor of the next one.</summary>
    internal Task<(IReadOnlyList<SubjectRow> Rows, string? Cursor)> ListAsync(
        SubjectKind? kind, int limit, string? after, CancellationToken cancellationToken) =>
        table.ReadAsync<SubjectRow>(
            new TableRange(Partition) { After = after, Before = NamePrefix }, Math.Min(limit + 1, 1000),
            cancellationToken: cancellationToken)
            .Where(s => kind is null || s.Kind == kind).PageAsync(limit, s => s.RowKey, cancellationToken);

    /// <summary>
    /// The user of an identity of the identity provider, as it was within <see cref="AccessOptions.CachedFor"/>; null for none.
    /// </summary>
    internal async ValueTask<Guid?> FindIdentityAsync(string identity, CancellationToken cancellationToken) =>
        (await identities.GetAsync(identity, token => IdentityAsync(identity, token), cancellationToken))?.Subject;

    /// <summary>
    /// Binds a user to the identity, and returns the user's id. Null if no user has the name (a service account is no user), or if it is
    /// disabled, bound to another identity, or has a password: such a user has an owner already. Of concurrent requests one succeeds.
    /// </summary>
    internal async Task<Guid?> LinkAsync(Username username, string identity, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindNameAsync(username, cancellationToken) is { Identity: null, Password: null } name;
            await retry.AgainAsync())
        {
            if (await FindAsync(name.Subject, cancellationToken) is not { Kind: SubjectKind.User, Disabled: false })
                return null;
            var result = await table.TrySubmitAsync(
                [Change.Add(NewIdentity(identity, name.Subject)), Change.Update(name with { Identity = identity }, name.ETag)],
                cancellationToken);
            if (result.IsDone)
                return name.Subject;
            if (await IdentityAsync(identity, cancellationToken) is { } linked)
                return linked.Subject;
        }

        return null;
    }

    /// <summary>Creates a subject; null if the name is taken.</summary>
    /// <param name="passwordHash">Null for none: such a user has tokens only.</param>
    /// <param name="identity">An identity to bind it to; null for none. If another user has the identity, the result is null, too.</param>
    internal async Task<SubjectRow?> CreateAsync(
        SubjectKind kind, Username username, string? displayName, string? email, string? passwordHash, CancellationToken cancellationToken,
        string? identity = null)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var row = new SubjectRow
        {
            PartitionKey = Partition,
            RowKey = id.ToString("D"),
            Kind = kind,
            Username = username.Text,
            DisplayName = displayName,
            Email = email,
            CTime = clock.GetUtcNow(),
        };
        var name = new UsernameRow
        {
            PartitionKey = Partition,
            RowKey = NamePrefix + username.Key,
            Subject = id,
            Password = passwordHash,
            Identity = identity,
        };
        List<TableTransactionAction> actions = [Change.Add(name), Change.Add(row)];
        if (identity is not null)
            actions.Add(Change.Add(NewIdentity(identity, id)));
        var result = await table.TrySubmitAsync(actions, cancellationToken);
        // After a lost answer the name is ours already.
        return result.IsDone || (await FindNameAsync(username, cancellationToken))?.Subject == id ? row : null;
    }

    /// <summary>Changes a subject; null if there is none. Concurrent changes happen one after the other.</summary>
    internal async Task<SubjectRow?> ChangeAsync(Guid id, Func<SubjectRow, SubjectRow> change, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(id, cancellationToken) is { } row;
            await retry.AgainAsync())
        {
            var changed = change(row);
            if (changed == row || (await table.TryUpdateAsync(changed, row.ETag, cancellationToken: cancellationToken)).IsDone)
            {
                known.Forget(id);
                return changed;
            }
        }

        return null;
    }

    /// <summary>False if the subject was deleted meanwhile.</summary>
    internal async Task<bool> SetPasswordAsync(SubjectRow subject, string passwordHash, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindNameAsync(subject.Name, cancellationToken) is { } name && name.Subject == subject.Id;
            await retry.AgainAsync())
        {
            if ((await table.TryUpdateAsync(name with { Password = passwordHash }, name.ETag, cancellationToken: cancellationToken)).IsDone)
                return true;
        }

        return false;
    }

    /// <summary>Deletes the subject and frees its name and its identity. False if it was deleted already.</summary>
    internal async Task<bool> DeleteAsync(SubjectRow subject, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindNameAsync(subject.Name, cancellationToken) is { } name && name.Subject == subject.Id;
            await retry.AgainAsync())
        {
            List<TableTransactionAction> actions =
                [Change.Delete(Partition, subject.RowKey, ETag.All), Change.Delete(Partition, name.RowKey, name.ETag)];
            if (name.Identity is { } identity)
                actions.Add(Change.Delete(Partition, IdentityPrefix + identity, ETag.All));
            var result = await table.TrySubmitAsync(actions, cancellationToken);
            known.Forget(subject.Id);
            if (name.Identity is not null)
                identities.Forget(name.Identity);
            if (result.IsDone)
                return true;
        }

        return false;
    }

    Task<IdentityRow?> IdentityAsync(string identity, CancellationToken cancellationToken) =>
        table.FindAsync<IdentityRow>(Partition, IdentityPrefix + identity, cancellationToken: cancellationToken);

    static IdentityRow NewIdentity(string identity, Guid subject) =>
        new() { PartitionKey = Partition, RowKey = IdentityPrefix + identity, Subject = subject };
}

sealed record SubjectRow : TableRow
{
    public required SubjectKind Kind { get; init; }
    public required string Username { get; init; }
    public string? DisplayName { get; init; }
    public string? Email { get; init; }
    public bool Disabled { get; init; }
    public required DateTimeOffset CTime { get; init; }

    [IgnoreDataMember] public Guid Id => Guid.Parse(RowKey);

    [IgnoreDataMember]
    public Username Name =>
        Access.Username.TryParse(Username, out var name)
            ? name
            : throw new InvalidOperationException($"Subject {RowKey} has no valid name.");
}

/// <summary>A user name with its subject and the hash of its password.</summary>
sealed record UsernameRow : TableRow
{
    public required Guid Subject { get; init; }

    /// <summary>See <see cref="Access.Password"/>; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>The identity of the user; null for none yet.</summary>
    public string? Identity { get; init; }
}

/// <summary>An identity of the identity provider with its user.</summary>
sealed record IdentityRow : TableRow
{
    public required Guid Subject { get; init; }
}

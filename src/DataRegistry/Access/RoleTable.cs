using System.Runtime.Serialization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Access;

/// <summary>A role of a subject at a scope.</summary>
/// <param name="ScopeId">The unit's id; empty for the system.</param>
public sealed record RoleAssignment(Role Role, ScopeKind ScopeKind, Guid ScopeId)
{
    /// <summary>The row key: a subject has each role once at a scope.</summary>
    public string Id => $"{Fields.WireName(Role)}-{Fields.WireName(ScopeKind)}{(ScopeKind == ScopeKind.System ? "" : $"-{ScopeId:D}")}";
}

/// <summary>
/// <code>
/// table roles
///   {subject id} │ {role}-{kind of scope}-{scope id}   e.g. system_admin-system; role, scope, who gave it and when
/// </code>
/// </summary>
public sealed class RoleTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    /// <summary>The most roles of a subject. Its requests read all of them.</summary>
    public const int MaxRoles = 1000;

    static readonly RoleAssignment[] AdministratorRoles = [new(Role.SystemAdmin, ScopeKind.System, Guid.Empty)];

    readonly TableClient table = tables.GetTableClient("roles");
    readonly ExpiringCache<Guid, IReadOnlyList<RoleAssignment>> known = new(clock, AccessOptions.CachedFor);

    public TableClient Table => table;

    /// <summary>The roles of a subject. Changes by other processes show within <see cref="AccessOptions.CachedFor"/>.</summary>
    public async ValueTask<IReadOnlyList<RoleAssignment>> OfAsync(Guid subject, CancellationToken cancellationToken) =>
        subject == Caller.AdministratorId
        ? AdministratorRoles
        : (await known.GetAsync(
            subject, async token => await ListAsync(subject).Select(r => r.Assignment).ToListAsync(token), cancellationToken))!;

    /// <summary>The roles of a subject as they are stored now, in the order of their ids.</summary>
    internal IAsyncEnumerable<RoleRow> ListAsync(Guid subject) => table.ReadAsync<RoleRow>(new TableRange(Partition(subject)));

    /// <summary>False if the subject has the role there already.</summary>
    public async Task<bool> AddAsync(Guid subject, RoleAssignment assignment, string by, CancellationToken cancellationToken)
    {
        var write = await table.TryAddAsync(
            new RoleRow
            {
                PartitionKey = Partition(subject),
                RowKey = assignment.Id,
                Role = assignment.Role,
                ScopeKind = assignment.ScopeKind,
                ScopeId = assignment.ScopeId,
                GrantedBy = by,
                CTime = clock.GetUtcNow(),
            },
            cancellationToken);
        known.Forget(subject);
        return write.IsDone;
    }

    /// <summary>False if the subject does not have the role.</summary>
    public async Task<bool> RemoveAsync(Guid subject, string id, CancellationToken cancellationToken)
    {
        var write = await table.TryDeleteAsync(Partition(subject), id, ETag.All, cancellationToken);
        known.Forget(subject);
        return write.IsDone;
    }

    internal Task<RoleRow?> FindAsync(Guid subject, string id, CancellationToken cancellationToken) =>
        table.FindAsync<RoleRow>(Partition(subject), id, cancellationToken: cancellationToken);

    static string Partition(Guid subject) => subject.ToString("D");
}

sealed record RoleRow : TableRow
{
    public required Role Role { get; init; }
    public required ScopeKind ScopeKind { get; init; }
    public required Guid ScopeId { get; init; }
    public required string GrantedBy { get; init; }
    public required DateTimeOffset CTime { get; init; }

    [IgnoreDataMember] public RoleAssignment Assignment => new(Role, ScopeKind, ScopeId);
}

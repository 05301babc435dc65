using System.Globalization;
using System.Security.Cryptography;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The outcome of pointing an alias at a datum.</summary>
abstract record AliasOutcome(AliasRow Alias)
{
    public sealed record Created(AliasRow Alias) : AliasOutcome(Alias);

    public sealed record Moved(AliasRow Alias, Guid From) : AliasOutcome(Alias);

    /// <summary>The alias named that datum already.</summary>
    public sealed record Unchanged(AliasRow Alias) : AliasOutcome(Alias);
}

/// <summary>
/// Names of datums, each unique in its project.
/// <code>
/// table aliases
/// {project's slot, 3 hex} │ n-{project id}-{name, in order-preserving encoding}   id, datum, revision
///                         │ i-{alias id}                                          project, name; stays when the alias is deleted
///                         │ h-{alias id}-{inverted revision, 10 digits}           who, when, from, to; stays too
///                         │ d-{datum id}-{alias id}                               name, since, who; while it names the datum
///                         │ p-{datum id}-{inverted time}-{alias id}-{revision}    name, since, until, who; once it did
/// </code>
/// An alias's id contains the slot, so both its rows are point reads. A change and all its rows are one transaction.
/// </summary>
sealed partial class AliasTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    readonly TableClient table = tables.GetTableClient("aliases");

    public TableClient Table => table;

    /// <summary>The alias by its name; null if there is none.</summary>
    public Task<AliasRow?> FindAsync(Project project, AliasName name, CancellationToken cancellationToken) =>
        table.FindAsync<AliasRow>(PartitionOf(project.Slot), NameKey(project.Id, name.Value), cancellationToken: cancellationToken);

    /// <summary>Those of the aliases that there are, by name. Reads ranges where the names lie close together.</summary>
    public async Task<Dictionary<string, AliasRow>> FindAsync(
        Project project, IEnumerable<AliasName> names, CancellationToken cancellationToken)
    {
        var keys = names.Select(n => NameKey(project.Id, n.Value)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var rows = await table.FindManyAsync<AliasRow>(PartitionOf(project.Slot), [.. keys], cancellationToken: cancellationToken);
        return rows.Values.ToDictionary(r => r.Name, StringComparer.Ordinal);
    }

    /// <summary>The project and name that an id was given to; null if no alias ever had it.</summary>
    public Task<AliasIdRow?> FindIdAsync(TimedId id, CancellationToken cancellationToken) =>
        table.FindAsync<AliasIdRow>(PartitionOf(id.Partition >> 4), IdKey(id.ToGuid()), cancellationToken: cancellationToken);

    /// <summary>The alias that an id's row leads to. Null if it was deleted, even if another alias has its name now.</summary>
    public async Task<AliasRow?> FindAsync(TimedId id, AliasIdRow where, CancellationToken cancellationToken) =>
        await table.FindAsync<AliasRow>(
            where.PartitionKey, NameKey(where.Project, where.Name), cancellationToken: cancellationToken) is { } row
        && row.Id == id.ToGuid() ? row : null;

    /// <summary>A page of a project's aliases in the order of their names' bytes, and the cursor of the next one.</summary>
    public async Task<(IReadOnlyList<AliasRow> Rows, string? Cursor)> ListAsync(
        Project project, int limit, AliasName? after, CancellationToken cancellationToken) =>
        await table.ReadAsync<AliasRow>(RangeOf(project, after), Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.Name, cancellationToken);

    /// <summary>All of a project's aliases; null if there are more than <paramref name="max"/>.</summary>
    public async Task<IReadOnlyList<AliasRow>?> ListAllAsync(Project project, int max, CancellationToken cancellationToken)
    {
        var rows = await table.ReadAsync<AliasRow>(
            RangeOf(project, after: null), Math.Min(max + 1, 1000), cancellationToken: cancellationToken)
            .Take(max + 1).ToListAsync(cancellationToken);
        return rows.Count > max ? null : rows;
    }

    /// <summary>Bytes of a name in a datum's list of names.</summary>
    public static int SizeOf(string name) => RowSize.Of(name) + 3;

    /// <summary>A page of an alias's changes, newest first, and the cursor of the next one.</summary>
    public Task<(IReadOnlyList<AliasChangeRow> Rows, string? Cursor)> HistoryAsync(
        TimedId id, int limit, string? after, CancellationToken cancellationToken)
    {
        var prefix = $"h-{id.ToGuid():N}-";
        var range = new TableRange(
            PartitionOf(id.Partition >> 4))
        {
            From = after is null ? prefix : null,
            After = after is null ? null : prefix + after,
            Before = $"h-{id.ToGuid():N}.",
        };
        return table.ReadAsync<AliasChangeRow>(range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.RowKey[prefix.Length..], cancellationToken);
    }

    /// <summary>
    /// Makes the alias, or points it at another datum. On a conflict it reads the alias again, so concurrent moves
    /// follow each other and each is in the history.
    /// </summary>
    public async Task<AliasOutcome> PointAsync(
        Project project, AliasName name, DatumId datum, string user, CancellationToken cancellationToken)
    {
        var change = Guid.NewGuid();
        Guid? from = null;
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await FindAsync(project, name, cancellationToken);
            if (row?.Change == change)
                return Done(row, from);
            if (row?.DatumId == datum)
                return new AliasOutcome.Unchanged(row);
            from = row?.Datum;
            var now = clock.GetUtcNow();
            var pointed = row is null
                ? New(project, name, datum, change, user, now)
                : row with { Datum = datum.Value.ToGuid(), MTime = now, Revision = row.Revision + 1, Change = change, User = user };
            List<TableTransactionAction> actions =
            [
                row is null ? Change.Add(pointed) : Change.Update(pointed, row.ETag),
                Change.Add(ChangeOf(pointed, from, pointed.Datum, user, now)),
                Change.Add(OfDatum(pointed, user)),
            ];
            if (row is not null)
                actions.AddRange(NoLonger(row, user, now));
            if (row is null)
                actions.Add(
                    Change.Add(new AliasIdRow
                    {
                        PartitionKey = pointed.PartitionKey,
                        RowKey = IdKey(pointed.Id),
                        Project = project.Id,
                        Name = name.Value,
                    }));
            if ((await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return Done(pointed, from);
            // Another change came first, or our own answer was lost: read again.
        }

        static AliasOutcome Done(AliasRow row, Guid? from) =>
            from is { } before ? new AliasOutcome.Moved(row, before) : new AliasOutcome.Created(row);
    }

    /// <summary>
    /// Deletes the alias in the state that was read. Its history stays and records the deletion. False if it is already
    /// gone.
    /// </summary>
    public async Task<bool> DeleteAsync(AliasRow alias, string user, CancellationToken cancellationToken)
    {
        var retry = new WriteRetry(clock, cancellationToken);
        AliasChangeRow? tried = null;
        for (var row = alias; row?.Id == alias.Id;)
        {
            var now = clock.GetUtcNow();
            tried = ChangeOf(row with { Revision = row.Revision + 1 }, row.Datum, null, user, now);
            var deleted = await table.TrySubmitAsync(
                [
                    Change.Delete(row.PartitionKey, row.RowKey, row.ETag),
                    Change.Add(tried),
                    .. NoLonger(row, user, now),
                ],
                cancellationToken);
            if (deleted.IsDone)
                return true;
            await retry.AgainAsync();
            row = await table.FindAsync<AliasRow>(row.PartitionKey, row.RowKey, cancellationToken: cancellationToken);
        }

        // The answer to the deletion may be lost: then the history has the very change.
        return tried is not null && await table.FindAsync<AliasChangeRow>(
            tried.PartitionKey, tried.RowKey, cancellationToken: cancellationToken) is { } written
            && written.To is null && written.User == tried.User && written.Time == tried.Time;
    }

    static AliasRow New(Project project, AliasName name, DatumId datum, Guid change, string user, DateTimeOffset now) => new()
    {
        PartitionKey = PartitionOf(project.Slot),
        RowKey = NameKey(project.Id, name.Value),
        Id = TimedId.Create(now, (ushort)(project.Slot << 4), BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))).ToGuid(),
        Project = project.Id,
        Name = name.Value,
        Datum = datum.Value.ToGuid(),
        CTime = now,
        MTime = now,
        Revision = 1,
        Change = change,
        User = user,
    };

    static AliasChangeRow ChangeOf(AliasRow alias, Guid? from, Guid? to, string user, DateTimeOffset time) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = string.Create(CultureInfo.InvariantCulture, $"h-{alias.Id:N}-{int.MaxValue - alias.Revision:D10}"),
        Time = time,
        User = user,
        From = from,
        To = to,
    };

    static TableRange RangeOf(Project project, AliasName? after) => new(PartitionOf(project.Slot))
    {
        From = after is null ? $"n-{project.Id:N}-" : null,
        After = after is { } name ? NameKey(project.Id, name.Value) : null,
        Before = $"n-{project.Id:N}.",
    };

    static string PartitionOf(int slot) => slot.ToString("x3", CultureInfo.InvariantCulture);

    static string NameKey(Guid project, string name) => $"n-{project:N}-{OrderedKey.Encode(name)}";

    static string IdKey(Guid id) => $"i-{id:N}";
}

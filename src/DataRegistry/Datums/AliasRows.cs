using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>An alias and the datum that it names now.</summary>
sealed record AliasRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required Guid Datum { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public required DateTimeOffset MTime { get; init; }

    /// <summary>
    /// The user who made the last change. Null in rows from before aliases were indexed by datum; the index lacks
    /// those.
    /// </summary>
    public string? User { get; init; }

    /// <summary>Number of the last change, from 1.</summary>
    public required int Revision { get; init; }

    /// <summary>
    /// The id of the call that made the last change. After a lost answer, the call recognizes its own change by it.
    /// </summary>
    public required Guid Change { get; init; }

    [IgnoreDataMember] public DatumId DatumId => new(TimedId.FromGuid(Datum));
}

/// <summary>The project and name of an alias id. It never changes, and stays after the alias is deleted.</summary>
sealed record AliasIdRow : TableRow
{
    public required Guid Project { get; init; }
    public required string Name { get; init; }
}

/// <summary>One change of an alias, inserted together with it.</summary>
sealed record AliasChangeRow : TableRow
{
    public required DateTimeOffset Time { get; init; }
    public required string User { get; init; }

    /// <summary>Null in the first change.</summary>
    public Guid? From { get; init; }

    /// <summary>Null if the alias was deleted: then this change is the last.</summary>
    public Guid? To { get; init; }
}

/// <summary>An index row by datum: an alias names the datum now. Deleted when the alias moves.</summary>
sealed record AliasOfDatumRow : TableRow
{
    public required Guid Datum { get; init; }
    public required Guid Alias { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>The user who pointed the alias at the datum.</summary>
    public required string User { get; init; }
}

/// <summary>An index row by datum: an alias named the datum for a time.</summary>
sealed record AliasSpanRow : TableRow
{
    public required Guid Alias { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required string User { get; init; }
    public required DateTimeOffset Until { get; init; }

    /// <summary>The user who pointed the alias elsewhere, or deleted it.</summary>
    public required string UntilUser { get; init; }
}

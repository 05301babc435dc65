using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>What an alias names now.</summary>
sealed record AliasRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required Guid Datum { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public required DateTimeOffset MTime { get; init; }

    /// <summary>Who made the last change. Null in rows of before aliases were indexed by datum, which the index does not have.</summary>
    public string? User { get; init; }

    /// <summary>Number of the last change, from 1.</summary>
    public required int Revision { get; init; }

    /// <summary>The call that made the last change, so that it knows its own after a lost answer.</summary>
    public required Guid Change { get; init; }

    [IgnoreDataMember] public DatumId DatumId => new(TimedId.FromGuid(Datum));
}

/// <summary>Where an alias of this id is, or was before it was deleted. It never changes.</summary>
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

    /// <summary>Null if the alias was deleted: then it is the last.</summary>
    public Guid? To { get; init; }
}

/// <summary>That an alias names a datum, by the datum; there as long as it does.</summary>
sealed record AliasOfDatumRow : TableRow
{
    public required Guid Datum { get; init; }
    public required Guid Alias { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>Who pointed it there.</summary>
    public required string User { get; init; }
}

/// <summary>That an alias named a datum for a time, by the datum.</summary>
sealed record AliasSpanRow : TableRow
{
    public required Guid Alias { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required string User { get; init; }
    public required DateTimeOffset Until { get; init; }

    /// <summary>Who pointed it elsewhere, or deleted it.</summary>
    public required string UntilUser { get; init; }
}

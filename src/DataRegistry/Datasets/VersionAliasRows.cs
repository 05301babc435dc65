using System.Diagnostics.CodeAnalysis;
using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>An alias of versions, and the version that it names now.</summary>
sealed record VersionAliasRow : TableRow
{
    const int IdLength = 32;

    public required Guid Id { get; init; }
    public required Guid Dataset { get; init; }
    public required string DatasetName { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required Guid Version { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public required DateTimeOffset MTime { get; init; }

    /// <summary>The user who made the last change.</summary>
    public required string User { get; init; }

    /// <summary>Number of the last change, from 1.</summary>
    public required int Revision { get; init; }

    /// <summary>The call that made the last change, so that it knows its own after a lost answer.</summary>
    public required Guid Change { get; init; }

    [IgnoreDataMember] public DatasetVersionId AliasId => DatasetVersionId.Of(Id);

    [IgnoreDataMember] public DatasetId DatasetId => DatasetId.Of(Dataset);

    /// <summary>Its position in its project's list.</summary>
    [IgnoreDataMember] public string Place => $"{Dataset:N}{Name}";

    public static bool TryParsePlace([NotNullWhen(true)] string? text, out DatasetId dataset, [NotNullWhen(true)] out string? name)
    {
        (dataset, name) = (default, null);
        if (text is null || text.Length <= IdLength || !Guid.TryParseExact(text[..IdLength], "N", out var id)
            || !Datasets.DatasetName.TryParse(text[IdLength..], out var parsed))
            return false;
        (dataset, name) = (DatasetId.Of(id), parsed.Value);
        return true;
    }
}

/// <summary>The place of an alias's id. It stays after the alias is deleted, and never changes.</summary>
sealed record VersionAliasIdRow : TableRow
{
    public required Guid Dataset { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
}

/// <summary>One change of an alias, inserted together with it.</summary>
sealed record VersionAliasChangeRow : TableRow
{
    public required Guid Dataset { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string User { get; init; }

    /// <summary>Null in the first change.</summary>
    public Guid? From { get; init; }

    /// <summary>Null if the alias was deleted: then it is the last.</summary>
    public Guid? To { get; init; }
}

/// <summary>That an alias names a version, by the version; there as long as it does.</summary>
sealed record AliasOfVersionRow : TableRow
{
    public required Guid Dataset { get; init; }
    public required string Name { get; init; }
}

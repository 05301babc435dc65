using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>A query for a page of a store's tree.</summary>
/// <param name="Prefix">Show keys with this prefix; empty for all.</param>
/// <param name="Delimiter">Ends a folder's name; null for no folders.</param>
/// <param name="Limit">Folders and files on the page.</param>
/// <param name="After">The end of the page before; null for the first page.</param>
sealed record TreeQuery(Store Store, Guid Project, string Prefix, string? Delimiter, int Limit, TreePosition? After)
{
    /// <summary>
    /// The most rows of a shard that are read for one folder. More would make a folder cost more than a page.
    /// </summary>
    public int MaxLook { get; init; } = Tables.MaxPageRows;

    /// <summary>A page ends short after this many requests.</summary>
    public int MaxRequests { get; init; } = 2000;

    /// <summary>Whether the page lists a folder if no row read so far belongs to the project.</summary>
    public bool ListsUnknown { get; init; }

    /// <summary>The folder that a key is listed under; null for a file.</summary>
    public string? FolderOf(string key) =>
        Delimiter is not null && key.IndexOf(Delimiter, Prefix.Length, StringComparison.Ordinal) is >= 0 and var at
            ? key[..(at + Delimiter.Length)]
            : null;

    public bool IsShown(TreeRow row) => row.Project == Project && !row.IsFree;

    /// <summary>Whether a key has the prefix and comes after the page before.</summary>
    public bool IsAhead(string key) =>
        key.StartsWith(Prefix, StringComparison.Ordinal)
        && (After is not { } after || (OrderedKey.Compare(key, after.Key) > 0 && !after.IsIn(key)));
}

/// <summary>The file or folder that a page ended with.</summary>
readonly record struct TreePosition(string Key, bool IsFolder)
{
    /// <summary>Whether a key lies in the folder.</summary>
    public bool IsIn(string key) => IsFolder && key.StartsWith(Key, StringComparison.Ordinal);

    /// <summary>False for text that is no position.</summary>
    public static bool TryParse(string text, out TreePosition position)
    {
        position = new(text.Length > 1 ? text[1..] : "", text is ['d', ..]);
        return text is ['d' or 'f', _, ..] && text.Length <= 1 + S3Url.MaxKeyBytes;
    }

    public override string ToString() => (IsFolder ? 'd' : 'f') + Key;
}

/// <summary>A folder on a page of the tree.</summary>
/// <param name="IsKnown">False if no row read so far belongs to the project, and there are more.</param>
readonly record struct TreeFolder(string Prefix, bool IsKnown);

/// <summary>A page of the tree, in the order of keys.</summary>
/// <param name="Next">The end of the page; null at the end of the tree.</param>
sealed record TreePage(IReadOnlyList<TreeFolder> Folders, IReadOnlyList<TreeRow> Files, TreePosition? Next);

/// <summary>The columns of a location that the tree shows.</summary>
sealed record TreeRow : LocatedRow
{
    public string? StorageClass { get; init; }

    /// <inheritdoc cref="LocationRow.Drift"/>
    public DriftState? Drift { get; init; }

    public static new IReadOnlyList<string> Columns { get; } =
    [
        .. LocatedRow.Columns, nameof(StorageClass), nameof(Drift),
    ];
}

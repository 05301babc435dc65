namespace DataRegistry.Datasets;

/// <summary>The entries of a manifest that a reader wants. Their paths lie together, because a manifest is sorted by them.</summary>
/// <param name="Prefix">The beginning of their paths; empty for any.</param>
/// <param name="After">They come after this path; null for none. It need not be in the manifest, nor begin with the prefix.</param>
sealed record PathRange(string Prefix = "", string? After = null)
{
    public static readonly PathRange All = new();

    /// <summary>No wanted entry comes before this path; null if the first entry may be wanted.</summary>
    public string? From => Prefix.Length > 0 && Compare(Prefix, After) > 0 ? Prefix : After;

    public bool Has(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && Compare(path, After) > 0;

    /// <summary>Whether neither an entry with this path is wanted nor one that comes after it.</summary>
    public bool EndsBefore(string path) => !path.StartsWith(Prefix, StringComparison.Ordinal) && Compare(path, Prefix) > 0;

    static int Compare(string path, string? other) => other is null ? 1 : ManifestEntry.PathOrder.Compare(path, other);
}

using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>Reads pages of a store's tree, completed with the fields of the files' datums.</summary>
sealed class TreePages(
    LocationTable locations, DatumTable datums, AliasTable aliases, ScannedStores scans, SecretProtector secrets)
{
    readonly SecretProtector protector = secrets.For("tree cursors");

    /// <summary>
    /// The text of a position. It is encrypted, because a page may end at a key or folder of a project that the caller may not read.
    /// Without <c>Stores__SecretKey</c> it is plain.
    /// </summary>
    public string CursorOf(TreePosition position, TreeQuery query) =>
        protector.HasKey ? protector.Protect(position.ToString(), OwnerOf(query)) : position.ToString();

    /// <summary>The position of a cursor; null without one. 400 for the cursor of another list.</summary>
    public TreePosition? PositionOf(string? cursor, TreeQuery query) =>
        cursor is null ? null
        : TreePosition.TryParse(Opened(cursor, query), out var after) && query.IsAhead(after.Key)
            && (query.FolderOf(after.Key) is { } folder ? after.IsFolder && folder == after.Key : !after.IsFolder)
            ? after
            : throw Paging.BadCursor();

    string Opened(string cursor, TreeQuery query)
    {
        try
        {
            return protector.HasKey ? protector.Unprotect(cursor, OwnerOf(query)) : cursor;
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw Paging.BadCursor();
        }
    }

    static string OwnerOf(TreeQuery query) => $"tree {query.Store.Id} {query.Project}";

    /// <param name="more">Whether to read the datums and their aliases too.</param>
    public async Task<(TreePage Page, IReadOnlyList<TreeFileBody> Files)> ReadAsync(
        TreeQuery query, bool more, CancellationToken cancellationToken)
    {
        var page = await new TreeReader(locations, query).ReadAsync(cancellationToken);
        var completed = await scans.CompletedAsync(cancellationToken);
        var scanned = completed.TryGetValue(query.Store.Id, out var begun) ? begun : (DateTimeOffset?)null;
        var ids = more ? page.Files.Select(IdOf).ToList() : [];
        // A datum row is written after its location, so it may be missing for a moment.
        var rows = await datums.FindAsync(ids, cancellationToken);
        var names = await aliases.NamesAsync(ids, cancellationToken);
        return (page, [.. page.Files.Select(file => BodyOf(file, IdOf(file)))]);

        TreeFileBody BodyOf(TreeRow file, DatumId id)
        {
            var datum = rows.GetValueOrDefault(id);
            return new(
                id, file.Key, new S3Url(query.Store.Configuration.Bucket, file.Key).ToString(), file.Size, file.ObjectETag, file.VersionId,
                id.Value.Time, file.LastModified, Fields.WireName(DriftOf(file, id, scanned)), file.StorageClass,
                datum is null ? [] : DatumTags.Of(datum), [.. names[id]], datum?.Md5, datum?.Sha1, datum?.Sha256);
        }
    }

    static DatumId IdOf(TreeRow file) => new(TimedId.FromGuid(file.Datum));

    /// <param name="scanned">When the store's last completed scan began; null if none.</param>
    static DriftState DriftOf(TreeRow file, DatumId id, DateTimeOffset? scanned) =>
        file.Drift is DriftState.Changed or DriftState.Missing ? file.Drift.Value
        : scanned >= id.Value.Time ? DriftState.None
        : DriftState.Unknown;
}

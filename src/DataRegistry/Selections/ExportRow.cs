using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Selections;

/// <summary>A datum in an export.</summary>
sealed record ExportRow(
    string Id, string Name, string Uri, string Store, string Key, long Size, string Etag, string? VersionId, DateTimeOffset Ctime,
    DateTimeOffset? LastModified, string? StorageClass, string? Md5, string? Sha1, string? Sha256, IReadOnlyList<string> Tags,
    IReadOnlyList<string> Aliases, string Drift, DateTimeOffset? Purged, string Job, string AdoptedBy)
{
    public static readonly ExportTable<ExportRow> Table = new(
        SelectionEndpoints.Json.ExportRow,
        new TextColumn<ExportRow>("id", r => r.Id, isRequired: true),
        new TextColumn<ExportRow>("name", r => r.Name, isRequired: true),
        new TextColumn<ExportRow>("uri", r => r.Uri, isRequired: true),
        new TextColumn<ExportRow>("store", r => r.Store, isRequired: true),
        new TextColumn<ExportRow>("key", r => r.Key, isRequired: true),
        new NumberColumn<ExportRow>("size", r => r.Size),
        new TextColumn<ExportRow>("etag", r => r.Etag, isRequired: true),
        new TextColumn<ExportRow>("version_id", r => r.VersionId),
        new TimeColumn<ExportRow>("ctime", r => r.Ctime),
        new TimeColumn<ExportRow>("last_modified", r => r.LastModified),
        new TextColumn<ExportRow>("storage_class", r => r.StorageClass),
        new TextColumn<ExportRow>("md5", r => r.Md5),
        new TextColumn<ExportRow>("sha1", r => r.Sha1),
        new TextColumn<ExportRow>("sha256", r => r.Sha256),
        new TextListColumn<ExportRow>("tags", r => r.Tags),
        new TextListColumn<ExportRow>("aliases", r => r.Aliases),
        new TextColumn<ExportRow>("drift", r => r.Drift, isRequired: true),
        new TimeColumn<ExportRow>("purged", r => r.Purged),
        new TextColumn<ExportRow>("job", r => r.Job, isRequired: true),
        new TextColumn<ExportRow>("adopted_by", r => r.AdoptedBy, isRequired: true));

    /// <param name="scanned">When the last scan of each store began that was completed.</param>
    public static ExportRow From(DatumRow row, IEnumerable<string> aliases, IReadOnlyDictionary<Guid, DateTimeOffset> scanned) => new(
        row.Id.ToString(), DatumBody.NameOf(row.Key), row.Uri, row.Store.ToString("D"), row.Key, row.Size,
        row.ObjectETag, row.VersionId, row.Id.Value.Time, row.LastModified, row.StorageClass, row.Md5, row.Sha1, row.Sha256,
        DatumTags.Of(row), [.. aliases], Fields.WireName(DriftBody.StateOf(row, scanned)), row.Purged, row.Job.ToString("D"),
        row.AdoptedBy);
}

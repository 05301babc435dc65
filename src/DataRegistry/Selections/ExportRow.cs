using DataRegistry.Datums;
using DataRegistry.Http;

namespace DataRegistry.Selections;

/// <summary>A datum in an export.</summary>
sealed record ExportRow(
    string Id, string Name, string Uri, string Store, string Key, long Size, string Etag, string? VersionId, DateTimeOffset Ctime,
    DateTimeOffset? LastModified, string? StorageClass, string? Md5, string? Sha1, string? Sha256, IReadOnlyList<string> Tags,
    IReadOnlyList<string> Aliases, string Drift, DateTimeOffset? Purged, string Job, string AdoptedBy)
{
    /// <param name="scanned">When the last scan of each store began that was completed.</param>
    public static ExportRow From(DatumRow row, IEnumerable<string> aliases, IReadOnlyDictionary<Guid, DateTimeOffset> scanned) => new(
        row.Id.ToString(), DatumBody.NameOf(row.Key), $"s3://{row.Bucket}/{row.Key}", row.Store.ToString("D"), row.Key, row.Size,
        row.ObjectETag, row.VersionId, row.Id.Value.Time, row.LastModified, row.StorageClass, row.Md5, row.Sha1, row.Sha256,
        DatumTags.Of(row), [.. aliases], Fields.WireName(DriftBody.StateOf(row, scanned)), row.Purged, row.Job.ToString("D"),
        row.AdoptedBy);
}

using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;

namespace DataRegistry.Datasets;

/// <summary>The body of a request for a dataset.</summary>
/// <param name="Owner">Any value: public clients send it, and the project decides.</param>
/// <param name="Project">An id; needed if the caller may write to several projects.</param>
/// <param name="Root">The beginning that paths of its versions leave out, such as <c>images/train/</c>. It never
/// changes.</param>
sealed record NewDatasetBody([property: Required] string? Name, JsonElement? Owner, string? Project, string? Root);

/// <summary>A dataset on the wire.</summary>
/// <param name="Owner">The project's department, in the words of public clients.</param>
/// <param name="Root">Ends with a slash.</param>
/// <param name="LatestVersion">The newest completed one; null for none.</param>
sealed record DatasetBody(
    Guid Id, string Name, OwnerBody Owner, ProjectBody Project, string? Root, DateTimeOffset Ctime, VersionNameBody? LatestVersion)
{
    public static DatasetBody From(DatasetRow row, Project project, IReadOnlyDictionary<Guid, Department> departments) => new(
        row.Id, row.Name,
        new(project.Department, departments.TryGetValue(project.Department, out var department) ? department.Name : ""),
        ProjectBody.From(project), row.Root, row.CTime,
        row is { Latest: { } id, LatestName: { } name } ? new(id, name, DatasetUri.Of(row.Name, name)) : null);
}

sealed record VersionNameBody(Guid Id, string Name, string Uri);

/// <summary>A version to make.</summary>
/// <param name="Dataset">Its id.</param>
/// <param name="Files">At most 10,000. Without a selection they are needed.</param>
/// <param name="Selection">In place of files: the id of a frozen selection of the dataset's project. A job makes the version.</param>
/// <param name="PreviousVersion">The id of a version of the same dataset; null for none.</param>
sealed record NewDatasetVersionBody(
    [property: Required] string? Name, [property: Required] string? Dataset, IReadOnlyList<NewVersionFileBody>? Files, string? Selection,
    string? PreviousVersion);

/// <param name="Datum">An id, <c>datum://</c> and an id or alias, an alias, or an <c>s3://</c> URL that the project tracks.</param>
/// <param name="Path">Without it: the key below the store's prefix and the dataset's root.</param>
sealed record NewVersionFileBody([property: Required] string? Datum, string? Path);

/// <summary>The same as it is read.</summary>
sealed record DatasetVersionInput(
    string? Name, string? Dataset,
    [property: JsonConverter(typeof(VersionFilesConverter))] IReadOnlyList<VersionFileInput>? Files, string? Selection,
    string? PreviousVersion);

/// <summary>A version on the wire.</summary>
/// <param name="Dataset">Its id.</param>
/// <param name="Uri"><c>dataset://name/version</c></param>
/// <param name="Status"><c>creating</c> or <c>completed</c>.</param>
/// <param name="Count">Files; 0 while it is created.</param>
/// <param name="Bytes">The sizes of their objects together.</param>
/// <param name="PreviousVersion">An id; that version may be deleted.</param>
/// <param name="Job">The id of the job that makes or made it; left out where the request did.</param>
/// <param name="Files">By path, at most 10,000. Left out of lists, and while it is created.</param>
/// <param name="FilesTruncated">True if there are more files.</param>
sealed record DatasetVersionBody(
    Guid Id, string Name, Guid Dataset, string Uri, DateTimeOffset Ctime, string Status, long Count, long Bytes, Guid? PreviousVersion,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Job,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<VersionFileBody>? Files,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? FilesTruncated)
{
    /// <summary>Without its files, which <see cref="VersionAnswer"/> adds.</summary>
    public static DatasetVersionBody From(DatasetVersionRow row) => new(
        row.Id, row.Name, row.Dataset, row.Uri, row.CTime, Fields.WireName(row.Status), row.Count, row.Bytes, row.Previous, row.Job,
        Files: null, FilesTruncated: null);
}

/// <summary>A file of a version.</summary>
/// <param name="Purged">Whether its datum is purged by now. Left out where only the version was read.</param>
sealed record VersionFileBody(
    string Path, VersionDatumBody Datum, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Purged)
{
    public static VersionFileBody From(ManifestEntry entry) => new(entry.Path, VersionDatumBody.From(entry), Purged: null);

    /// <param name="now">The datum as it is now; null if it is gone.</param>
    public static VersionFileBody From(ManifestEntry entry, DatumRow? now)
    {
        var datum = VersionDatumBody.From(entry);
        return new(
            entry.Path,
            datum with { Md5 = datum.Md5 ?? now?.Md5, Sha1 = datum.Sha1 ?? now?.Sha1, Sha256 = datum.Sha256 ?? now?.Sha256 },
            now is null or { Purged: not null });
    }
}

/// <summary>A datum as it was when the version was made.</summary>
/// <param name="Name">The key's last segment.</param>
/// <param name="Md5">Null, as the others, where it was not known then. A version's <c>files/</c> tell what is known by now.</param>
/// <param name="VersionId">S3's; null if the bucket keeps no versions.</param>
/// <param name="Ctime">When the datum was adopted.</param>
/// <param name="FileMtime">S3's Last-Modified; null if the bucket does not tell it.</param>
sealed record VersionDatumBody(
    DatumId Id, string Name, long Size, string? Md5, string? Sha1, string? Sha256, string Uri, Guid Store, string Etag,
    string? VersionId, DateTimeOffset Ctime, DateTimeOffset? FileMtime)
{
    public static VersionDatumBody From(ManifestEntry entry) => new(
        entry.Datum, entry.Name, entry.Size, entry.Md5, entry.Sha1, entry.Sha256, entry.Uri, entry.Store, entry.Etag, entry.VersionId,
        entry.Datum.Value.Time, entry.LastModified);
}

/// <summary>An alias to make or move.</summary>
/// <param name="DatasetVersion">The id of a completed version.</param>
sealed record NewVersionAliasBody([property: Required] string? Name, [property: Required] string? DatasetVersion);

/// <summary>An alias of versions on the wire.</summary>
/// <param name="Mtime">When it was last moved.</param>
/// <param name="Dataset">The dataset's id.</param>
/// <param name="Uri"><c>dataset://name/alias</c></param>
/// <param name="DatasetVersion">Null if it was deleted just now.</param>
sealed record VersionAliasBody(
    Guid Id, string Name, DateTimeOffset Ctime, DateTimeOffset Mtime, ProjectBody Project, Guid Dataset, string Uri,
    DatasetVersionBody? DatasetVersion)
{
    public static VersionAliasBody From(VersionAliasRow row, Project project, DatasetVersionRow? version) => new(
        row.Id, row.Name, row.CTime, row.MTime, ProjectBody.From(project), row.Dataset, DatasetUri.Of(row.DatasetName, row.Name),
        version is null ? null : DatasetVersionBody.From(version));
}

/// <param name="From">The version before; null in the first change.</param>
/// <param name="To">Null if the alias was deleted.</param>
sealed record VersionAliasChangeBody(DateTimeOffset Time, string User, Guid? From, Guid? To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(NewDatasetBody))]
[JsonSerializable(typeof(Page<DatasetBody>))]
[JsonSerializable(typeof(NewDatasetVersionBody))]
[JsonSerializable(typeof(DatasetVersionInput))]
[JsonSerializable(typeof(Page<DatasetVersionBody>))]
[JsonSerializable(typeof(Page<VersionFileBody>))]
[JsonSerializable(typeof(NewVersionAliasBody))]
[JsonSerializable(typeof(Page<VersionAliasBody>))]
[JsonSerializable(typeof(Page<VersionAliasChangeBody>))]
sealed partial class DatasetJson : JsonSerializerContext;

using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>Makes a version of files that the request lists, while it waits.</summary>
sealed class VersionsOfFiles(
    VersionFiles files, DatasetVersions versions, DatasetTable datasets, DatasetAccess access, JobTable jobs, AuditTrail trail)
{
    public async Task<IResult> MakeAsync(
        HttpContext context, DatasetRow dataset, Project project, NewVersion version, IReadOnlyList<VersionFileInput>? listed)
    {
        var asked = string.Join('\n', (listed ?? []).Select(f => $"{f.Datum}\0{f.Path}"));
        var key = RequestKey.Of(
            context, project, $"dataset version {dataset.DatasetId} of files {version.Previous} {version.Name}\n{asked}");
        // A repeated request gets its first answer, also if a file was purged meanwhile.
        if (key is not null && await RepeatedAsync(dataset, project, version, key, context.RequestAborted) is { } repeated)
            return Created(context, repeated);
        await access.RequirePreviousAsync(dataset, version, context.RequestAborted);
        if (listed is not { Count: > 0 })
            throw DatasetErrors.NoFiles.On("files");
        if (listed.Count > VersionFiles.Max)
            throw DatasetErrors.TooManyFiles.With(VersionFiles.Max);
        var entries = await files.ReadAsync(dataset, project, listed, context.RequestAborted);
        var made = await versions.MakeAsync(dataset, version with { Request = key?.Text }, entries, context.RequestAborted);
        if (key is not null && made is VersionMade.Refused { Why: VersionStart.NameTaken { Version: var other } }
            && other.Request == key.Text)
            throw JobErrors.FirstNotDone.With().After(TimeSpan.FromSeconds(5));
        var row = made is VersionMade.Made { Version: var published } ? published : throw ErrorOf(made, dataset, version.Name);
        if (key is not null)
            await jobs.AddKeyAsync(JobTable.NewKey(key, new(row.VersionId.Value)), CancellationToken.None);
        await trail.RecordAsync(context, new("dataset_version.created", row.VersionId.ToString())
        {
            Project = project.Id,
            Details = new()
            {
                ["uri"] = row.Uri,
                ["dataset"] = row.DatasetId.ToString(),
                ["count"] = row.Count,
                ["bytes"] = row.Bytes,
            },
        });
        return Created(context, row);
    }

    /// <summary>
    /// The version that an earlier request with this key made. Null if there is none, or if that request is not done. The key's row has its
    /// id. After a death between the version and that row, the version itself tells the request.
    /// </summary>
    async Task<DatasetVersionRow?> RepeatedAsync(
        DatasetRow dataset, Project project, NewVersion version, RequestKey key, CancellationToken cancellationToken)
    {
        var known = await jobs.FindKeyAsync(project.Slot, key, cancellationToken);
        if (known is not null)
            key.RequireSame(known);
        var id = known?.Job ?? (await datasets.FindNameAsync(dataset.DatasetId, version.Name.Value, cancellationToken))?.Version;
        var row = id is { } there ? await datasets.FindVersionAsync(DatasetVersionId.Of(there), cancellationToken) : null;
        return row is { Status: DatasetVersionStatus.Completed } && row.Request == key.Text ? row
            : known is not null ? throw DatasetErrors.VersionDeletedMeanwhile.With()
            : null;
    }

    static IResult Created(HttpContext context, DatasetVersionRow row)
    {
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/dataset-versions/{row.VersionId}/";
        return Results.Json(
            DatasetVersionBody.From(row), DatasetEndpoints.Json.DatasetVersionBody, statusCode: StatusCodes.Status201Created);
    }

    static ApiException ErrorOf(VersionMade made, DatasetRow dataset, DatasetName name) => made is VersionMade.Refused { Why: var why }
        ? ErrorOf(why, dataset, name)
        : DatasetErrors.VersionDeletedMeanwhile.With();

    /// <summary>Why a version was not begun.</summary>
    public static ApiException ErrorOf(VersionStart why, DatasetRow dataset, DatasetName name) => why switch
    {
        VersionStart.NameTaken => DatasetErrors.VersionExists.On("name", name),
        VersionStart.IsAlias => DatasetErrors.VersionAliasExists.On("name", name),
        VersionStart.DatasetGone => DatasetErrors.NoDataset.On("dataset", dataset.DatasetId),
        _ => DatasetErrors.VersionDeletedMeanwhile.With(),
    };
}

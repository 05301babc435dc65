using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>Makes a version of files that the request lists, while it waits.</summary>
sealed class VersionsOfFiles(VersionFiles files, DatasetVersions versions, AuditTrail trail)
{
    public async Task<IResult> MakeAsync(
        HttpContext context, DatasetRow dataset, Project project, NewVersion version, IReadOnlyList<VersionFileInput>? listed)
    {
        if (listed is not { Count: > 0 })
            throw DatasetErrors.NoFiles.On("files");
        if (listed.Count > VersionFiles.Max)
            throw DatasetErrors.TooManyFiles.With(VersionFiles.Max);
        var entries = await files.ReadAsync(dataset, project, listed, context.RequestAborted);
        var made = await versions.MakeAsync(dataset, version, entries, context.RequestAborted);
        var row = made is VersionMade.Made { Version: var published } ? published : throw ErrorOf(made, dataset, version.Name);
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

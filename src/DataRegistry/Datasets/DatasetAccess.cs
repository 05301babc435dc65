using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>The dataset and project of an alias of versions. They stay after the alias is deleted.</summary>
sealed record VersionAliasPlace(DatasetVersionId Id, VersionAliasIdRow Where, Project Project);

/// <summary>Finds datasets, versions and aliases that requests name, and checks the caller's permission.</summary>
sealed class DatasetAccess(DatasetTable datasets, ProjectTable projects, Permissions permissions)
{
    /// <summary>The dataset that <c>{id}</c> of the route names; 404 and 403 for others.</summary>
    public async Task<(DatasetRow Dataset, Project Project)> RequiredAsync(
        string id, HttpContext context, Permission permission = Permission.DataRead)
    {
        var row = DatasetId.TryParse(id, out var dataset) ? await datasets.FindAsync(dataset, context.RequestAborted) : null;
        return row is null ? throw CommonErrors.NotFound.With() : (row, await ProjectAsync(row.Project, context, permission));
    }

    /// <summary>The version that <c>{id}</c> of the route names; 404 and 403 for others.</summary>
    public async Task<(DatasetVersionRow Version, Project Project)> VersionAsync(
        string id, HttpContext context, Permission permission = Permission.DataRead)
    {
        var row = DatasetVersionId.TryParse(id, out var version)
            ? await datasets.FindVisibleAsync(version, context.RequestAborted)
            : null;
        return row is null ? throw CommonErrors.NotFound.With() : (row, await ProjectAsync(row.Project, context, permission));
    }

    /// <summary>The dataset that a field or parameter names. One that the caller may not see is as one that is not there.</summary>
    public async Task<(DatasetRow Dataset, Project Project)> NamedAsync(
        HttpContext context, string? text, Permission permission = Permission.DataRead, string field = "dataset")
    {
        if (string.IsNullOrEmpty(text))
            throw CommonErrors.Required.On(field);
        if (!DatasetId.TryParse(text, out var id))
            throw DatasetErrors.NotADatasetId.On(field);
        if (await datasets.FindAsync(id, context.RequestAborted) is not { } row
            || await ReadableAsync(row.Project, context) is not { } project)
            throw DatasetErrors.NoDataset.On(field, id);
        await permissions.RequireAsync(context, permission, Scope.Of(project));
        return (row, project);
    }

    /// <summary>Ends the request with 400 unless the version before a new one is in the dataset.</summary>
    public async Task RequirePreviousAsync(DatasetRow dataset, NewVersion version, CancellationToken cancellationToken)
    {
        if (version.Previous is { } id
            && (await datasets.FindVersionAsync(DatasetVersionId.Of(id), cancellationToken) is not { IsVisible: true } row
                || row.Dataset != dataset.Id))
            throw DatasetErrors.NoPreviousVersion.On("previous_version", DatasetVersionId.Of(id));
    }

    /// <summary>The version that an alias shall name: a completed one, of a project where the caller may point aliases.</summary>
    public async Task<(DatasetVersionRow Version, Project Project)> AliasedAsync(HttpContext context, string? text)
    {
        const string field = "dataset_version";
        var (row, project) = await NamedVersionAsync(context, text, field);
        await permissions.RequireAsync(context, Permission.AliasesEdit, Scope.Of(project));
        return row.Status == DatasetVersionStatus.Completed
            ? (row, project)
            : throw DatasetErrors.AliasedVersionNotCompleted.On(field);
    }

    /// <summary>The alias that <c>{id}</c> of the route names; 404 and 403 for others.</summary>
    public async Task<(VersionAliasRow Alias, Project Project)> AliasAsync(string id, HttpContext context, Permission permission)
    {
        var place = await AliasPlaceAsync(id, context, permission);
        var alias = await datasets.FindAliasAsync(place.Id, place.Where, context.RequestAborted);
        return (alias ?? throw CommonErrors.NotFound.With(), place.Project);
    }

    /// <summary>The same where the alias is, or was before it was deleted.</summary>
    public async Task<VersionAliasPlace> AliasPlaceAsync(string id, HttpContext context, Permission permission)
    {
        if (!DatasetVersionId.TryParse(id, out var alias)
            || await datasets.FindAliasIdAsync(alias, context.RequestAborted) is not { } where
            || await datasets.FindIdAsync(DatasetId.Of(where.Dataset), context.RequestAborted) is null)
            throw CommonErrors.NotFound.With();
        return new(alias, where, await ProjectAsync(where.Project, context, permission));
    }

    /// <summary>The version that a parameter names. One that the caller may not see is as one that is not there.</summary>
    public async Task<(DatasetVersionRow Version, Project Project)> NamedVersionAsync(HttpContext context, string? text, string field)
    {
        if (string.IsNullOrEmpty(text))
            throw CommonErrors.Required.On(field);
        if (!DatasetVersionId.TryParse(text, out var id))
            throw DatasetErrors.NotAVersionId.On(field);
        return await datasets.FindVisibleAsync(id, context.RequestAborted) is { } row
            && await ReadableAsync(row.Project, context) is { } project
            ? (row, project)
            : throw DatasetErrors.NoAliasedVersion.On(field, id);
    }

    /// <summary>The project that a field names, or the only one that the caller may do this in.</summary>
    public async Task<Project> ProjectAsync(HttpContext context, string? text, Permission permission)
    {
        if (!string.IsNullOrEmpty(text))
            return await permissions.ProjectAsync(context, projects, text, permission);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (writable, _) = await projects.ListAsync(2, null, p => rights.Allow(permission, Scope.Of(p)), context.RequestAborted);
        return writable.Count switch
        {
            0 => throw Permissions.Denied(),
            1 => writable[0],
            _ => throw DatasetErrors.ProjectNotNamed.On("project"),
        };
    }

    /// <summary>The project, if the caller may read its data; null otherwise.</summary>
    public async Task<Project?> ReadableAsync(Guid id, HttpContext context) =>
        await projects.FindAsync(id, context.RequestAborted) is { } project && await permissions.AllowsAsync(
            Caller.Of(context), Permission.DataRead, Scope.Of(project), context.RequestAborted) ? project : null;

    /// <summary>
    /// The project with this id. The request ends with 404 if the caller may not read the project's data, and with 403 if the caller
    /// lacks the permission.
    /// </summary>
    public async Task<Project> ProjectAsync(Guid id, HttpContext context, Permission permission)
    {
        var project = await projects.FindAsync(id, context.RequestAborted) ?? throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return project;
    }
}

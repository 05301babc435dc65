using System.Text.Json.Nodes;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.DataVolumes;

/// <summary>The endpoints show and change the scopes of a data volume. The caller needs the right to share the volume.</summary>
static class SharedScopeEndpoints
{
    /// <summary>Contract: items of <c>add</c>, and of <c>remove</c>.</summary>
    const int MaxItems = 50;

    public static void MapSharedScopes(this IEndpointRouteBuilder api)
    {
        // Clients use both spellings.
        foreach (var path in new[] { "/datavolumes/{id}/sharedScopes", "/datavolumes/{id}/shared-scopes" })
        {
            api.MapGet(path, ListAsync);
            api.MapPatch(path, ChangeAsync);
        }
    }

    static async Task<IResult> ListAsync(string id, HttpContext context, DataVolumeAccess access, DataVolumeViews views)
    {
        var row = await access.RequiredAsync(context, id, Permission.DataVolumesShare);
        return Results.Json(
            await views.SharedScopesAsync(row, context.RequestAborted), DataVolumeJson.Default.IReadOnlyListSharedScopeBody);
    }

    /// <summary>Makes all changes or none. An item that is already shared, or already removed, changes nothing.</summary>
    static async Task<IResult> ChangeAsync(string id, HttpContext context, SharingServices services)
    {
        var (volumes, access, views, projects, units, trail, clock) = services;
        var found = await access.RequiredAsync(context, id, Permission.DataVolumesShare);
        var body = await RequestBody.ReadJsonAsync(context, DataVolumeJson.Default.SharedScopesPatchBody, DataVolumeJson.MaxBodyBytes);
        var (add, remove) = (Read("add", body.Add), Read("remove", body.Remove));
        if (add.FirstOrDefault(remove.Contains) is { Id: var both } && both != default)
            throw DataVolumeErrors.AddedAndRemoved.On("add", both);
        var departments = await DepartmentsAsync(found.Cluster, add, projects, units, context.RequestAborted);
        var now = clock.GetUtcNow();
        List<SharedScope> added = [
            .. add.Distinct().Select(
                s => new SharedScope(s.Kind, s.Id, departments.GetValueOrDefault(s.Id), now, Caller.Of(context).Name))];

        IReadOnlyList<SharedScope> news = [], gone = [];
        var changed = await volumes.ChangeAsync(DataVolumeId.Of(found), row =>
        {
            var shared = row.ReadScopes();
            news = [.. added.Where(s => !shared.Any(s.IsSame))];
            gone = [.. shared.Where(s => remove.Contains((s.Kind, s.Id)))];
            var after = shared.Count + news.Count - gone.Count;
            if (after > DataVolumeTable.MaxSharedScopes && news.Count > 0)
                throw DataVolumeErrors.TooManyScopes.On("add", DataVolumeTable.MaxSharedScopes, after);
            return news.Count == 0 && gone.Count == 0 ? row
                : row.WithScopes([.. shared.Except(gone), .. news]) with { Generation = row.Generation + 1 };
        }, context.RequestAborted) ?? throw CommonErrors.NotFound.With();
        if (news.Count > 0 || gone.Count > 0)
            await trail.RecordAsync(
                context,
                new("datavolume.shared", changed.Id.ToString("D"))
                {
                    Project = changed.Project,
                    Details = new() { ["added"] = Names(news), ["removed"] = Names(gone) },
                });
        return Results.Json(
            await views.SharedScopesAsync(changed, context.RequestAborted), DataVolumeJson.Default.IReadOnlyListSharedScopeBody);
    }

    static List<(ScopeKind Kind, Guid Id)> Read(string field, List<ScopeNameBody?>? items)
    {
        if (items?.Count > MaxItems)
            throw CommonErrors.TooManyItems.On(field, MaxItems);
        return [
            .. (items ?? []).Select(
                (item, i) => Scope(
                    item ?? throw CommonErrors.NotAnObject.On($"{field}[{i}]"),
                    $"{field}[{i}]"))];

        static (ScopeKind, Guid) Scope(ScopeNameBody item, string at) => (item.ScopeType switch
        {
            null => throw CommonErrors.Required.On($"{at}.scopeType"),
            "cluster" => ScopeKind.Cluster,
            "department" => ScopeKind.Department,
            "project" => ScopeKind.Project,
            _ =>
                throw CommonErrors.NotAChoice.On($"{at}.scopeType", "cluster, department, project"),
        }, Fields.Id($"{at}.scopeId", item.ScopeId));
    }

    /// <summary>
    /// The departments of the projects among the scopes. A scope outside of the cluster ends the request, whether or not there is one.
    /// </summary>
    static async Task<Dictionary<Guid, Guid?>> DepartmentsAsync(
        Guid cluster, List<(ScopeKind Kind, Guid Id)> scopes, ProjectTable projects, UnitTable units, CancellationToken cancellationToken)
    {
        var projectsById = await projects.FindManyAsync(
            scopes.Where(s => s.Kind == ScopeKind.Project).Select(s => s.Id), cancellationToken);
        var departmentsById = await units.FindDepartmentsAsync(
            scopes.Where(s => s.Kind == ScopeKind.Department).Select(s => s.Id), cancellationToken);
        for (var i = 0; i < scopes.Count; i++)
        {
            var (kind, id) = scopes[i];
            var inside = kind switch
            {
                ScopeKind.Cluster => id == cluster,
                ScopeKind.Department => departmentsById.TryGetValue(id, out var department) && department.Cluster == cluster,
                _ => projectsById.TryGetValue(id, out var project) && project.Cluster == cluster,
            };
            if (!inside)
                throw DataVolumeErrors.ScopeOutside.On($"add[{i}].scopeId", Fields.WireName(kind), id);
        }

        return projectsById.Values.ToDictionary(p => p.Id, p => (Guid?)p.Department);
    }

    static JsonArray Names(IReadOnlyList<SharedScope> scopes) =>
        new([.. scopes.Select(s => JsonValue.Create($"{Fields.WireName(s.Kind)} {s.Id}"))]);
}

/// <summary>The services that share data volumes.</summary>
sealed record SharingServices(
    DataVolumeTable Volumes, DataVolumeAccess Access, DataVolumeViews Views, ProjectTable Projects, UnitTable Units, AuditTrail Trail,
    TimeProvider Clock);

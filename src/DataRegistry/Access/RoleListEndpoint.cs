using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>Lists the roles of all users.</summary>
static class RoleListEndpoint
{
    /// <summary>The users that a page looks at. Each costs a request to the table of roles.</summary>
    const int MaxUsersAPage = 200;

    const int RequestsAtATime = 16;

    public static void MapRoleList(this IEndpointRouteBuilder api) => api.MapGet("/roles/", ListAsync).WithName("listRoleHolders")
        .AnswersPages<HeldRoleBody>("List the roles of all users in the scopes where you may give roles")
        .TakesQuery("scope_type", "system, cluster, department or project: only roles that apply to this scope, given at it or above it")
        .TakesQuery("scope_id", "The id of that cluster, department or project")
        .FailsOn("scope_type", CommonErrors.NotAChoice)
        .FailsOn("scope_id", CommonErrors.Required, CommonErrors.NotAnId, AccessErrors.SystemHasNoId, AccessErrors.NoScope)
        .Fails(AccessErrors.NotPermitted);

    /// <summary>
    /// In the order of the users' ids. A page looks at a limited number of users, so it may be short, or empty, and yet have a next one.
    /// </summary>
    static async Task<IResult> ListAsync(HttpContext context, RoleServices services)
    {
        var request = context.Request;
        var rights = await services.Permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        if (!rights.AllowSomewhere(Permission.RolesManage))
            throw Permissions.Denied();
        var at = Fields.Query(request, "scope_type") is { } type
            ? await services.Scopes.RequiredAsync(type, Fields.Query(request, "scope_id"), rights, context.RequestAborted)
            : null;
        var paging = AccessJson.PagingById(request);
        var (holders, next) = await services.Subjects.ListAsync(
            kind: null, Math.Min(paging.Limit, MaxUsersAPage), paging.Cursor, context.RequestAborted);
        var held = await HeldAsync(holders, services.Roles, context.RequestAborted);

        var visible = new List<HeldRoleBody>();
        var seen = new Dictionary<(ScopeKind Kind, Guid Id), bool>();
        var budget = new PageBudget(holders.Count);
        for (var i = 0; i < holders.Count; i++)
        {
            if (!budget.TryTake(held[i].Sum(row => RowSize.Of(row))))
            {
                next = holders[i - 1].RowKey;
                break;
            }

            foreach (var row in held[i])
            {
                if ((at is null || at.IsWithin(row.ScopeKind, row.ScopeId)) && await SeesAsync(row))
                    visible.Add(HeldRoleBody.From(row, holders[i]));
            }
        }

        var count = next is null && paging.Cursor is null ? visible.Count : (int?)null;
        return Results.Json(
            new Page<HeldRoleBody>(count, Paging.Next(context, next), null, visible), AccessJson.Default.PageHeldRoleBody);

        async ValueTask<bool> SeesAsync(RoleRow row)
        {
            if (!seen.TryGetValue((row.ScopeKind, row.ScopeId), out var sees))
            {
                sees = rights.Allow(Permission.RolesManage, Scope.System)
                    || rights.Allow(Permission.RolesManage, await services.Scopes.OfAsync(row.Assignment, context.RequestAborted));
                seen.Add((row.ScopeKind, row.ScopeId), sees);
            }

            return sees;
        }
    }

    static async Task<List<RoleRow>[]> HeldAsync(IReadOnlyList<SubjectRow> holders, RoleTable roles, CancellationToken cancellationToken)
    {
        var held = new List<RoleRow>[holders.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, holders.Count),
            new ParallelOptions { MaxDegreeOfParallelism = RequestsAtATime, CancellationToken = cancellationToken },
            async (i, token) => held[i] = await roles.ListAsync(holders[i].Id).ToListAsync(token));
        return held;
    }
}

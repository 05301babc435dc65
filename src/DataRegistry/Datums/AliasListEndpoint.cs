using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

/// <summary>Lists the aliases of a project, or of all projects that the caller may read.</summary>
static class AliasListEndpoint
{
    /// <summary>The number of aliases whose datums are read first.</summary>
    const int FirstDatums = 128;

    public static void MapAliasLists(this IEndpointRouteBuilder api) => api.MapGet("/datum-aliases/", ListAsync)
        .WithName("listAliases").AnswersPages<AliasBody>("List aliases by project and name")
        .TakesQuery("project", "A project's id. Without it the list has the aliases of all projects that you may read.")
        .TakesQuery("ordering",
            $"`name` (the default), `ctime`, `-ctime`, `mtime` or `-mtime`. Times order up to {AliasOrder.Max} aliases.")
        .TakesQuery("no_count", "`true` leaves `count` null.", Microsoft.OpenApi.JsonSchemaType.Boolean)
        .FailsOn("project", [.. AliasEndpoints.ProjectErrors, DatumErrors.TooManyProjectsToSort])
        .FailsOn("ordering", CommonErrors.NotAChoice, DatumErrors.TooManyAliasesToSort)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> ListAsync(
        HttpContext context, AliasTable aliases, DatumTable datums, ScannedStores scans, ProjectTable projects, Permissions permissions)
    {
        var listed = await ProjectPages.ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var list = AliasOrder.From(context.Request) is { } order
            ? await SortedAsync(order, listed, paging, aliases, context.RequestAborted)
            : await ByName(aliases).ReadAsync(listed, paging, context.RequestAborted);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        var byId = listed.ToDictionary(p => p.Id);
        var bodies = new List<AliasBody>();
        var budget = new PageBudget(paging.Limit);
        var isWhole = true;
        // Each alias shows its datum. Read few at first, because their sizes are not known yet.
        for (var (first, some) = (0, FirstDatums); isWhole && first < list.Rows.Count; (first, some) = (first + some, some * 4))
        {
            var rows = list.Rows.Skip(first).Take(some).ToList();
            var named = await datums.FindAsync([.. rows.Select(r => r.DatumId)], context.RequestAborted);
            var names = await aliases.NamesAsync(rows.Select(r => r.DatumId), context.RequestAborted);
            var taken = rows.TakeWhile(r => budget.TryTake(SizeOf(r, named.GetValueOrDefault(r.DatumId), names[r.DatumId]))).ToList();
            bodies.AddRange(taken.Select(
                r => AliasBody.From(r, byId[r.Project], named.GetValueOrDefault(r.DatumId), names[r.DatumId], scanned)));
            isWhole = taken.Count == rows.Count;
        }

        return Results.Json(
            new Page<AliasBody>(
                DatumQuery.Flag(context.Request, "no_count") ? null : list.Count,
                Paging.Next(context, isWhole ? list.Next : list.CursorOf(list.Rows[bodies.Count - 1])), null, bodies),
            AliasEndpoints.Json.PageAliasBody);
    }

    static int SizeOf(AliasRow alias, DatumRow? datum, IEnumerable<string> names) =>
        RowSize.Of(alias) + (datum is null ? 0 : DatumBody.SizeOf(datum) + names.Sum(AliasTable.SizeOf));

    static ProjectPages<AliasRow> ByName(AliasTable aliases) => new(
        (project, limit, after, token) =>
            aliases.ListAsync(project, limit, AliasName.TryParse(after, out var name) ? name : null, token),
        row => (row.Project, row.Name), place => AliasName.TryParse(place, out _));

    static async Task<CountedPage<AliasRow>> SortedAsync(
        AliasOrder order, IReadOnlyList<Project> projects, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        if (projects.Count > ProjectPages.MaxProjects)
            throw DatumErrors.TooManyProjectsToSort.On("project", ProjectPages.MaxProjects);
        var all = new List<AliasRow>();
        foreach (var some in projects.Chunk(ProjectPages.MaxProjectsAtOnce))
        {
            foreach (var rows in await Task.WhenAll(some.Select(p => aliases.ListAllAsync(p, AliasOrder.Max, cancellationToken))))
            {
                all.AddRange(rows ?? []);
                if (rows is null || all.Count > AliasOrder.Max)
                    throw DatumErrors.TooManyAliasesToSort.On("ordering", AliasOrder.Max);
            }
        }

        var (page, next) = order.Page(all, paging.Limit, paging.Cursor);
        return new(page, next, all.Count, order.CursorOf);
    }
}

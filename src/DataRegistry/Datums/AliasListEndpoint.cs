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
    /// <summary>Projects that a page reads, one request each. A page that finds few aliases in them is short.</summary>
    const int MaxProjects = 1000;

    /// <summary>Rows that are read at a time. A project's page has up to <see cref="Paging.MaxLimit"/>.</summary>
    const int MaxRowsAtOnce = 16_000;

    const int MaxProjectsAtOnce = 16;

    /// <summary>The number of aliases whose datums are read first.</summary>
    const int FirstDatums = 128;

    const int IdLength = 32;

    public static void MapAliasLists(this IEndpointRouteBuilder api) => api.MapGet("/datum-aliases/", ListAsync)
        .WithName("listAliases").AnswersPages<AliasBody>("List aliases, by project and name")
        .TakesQuery("project", "A project's id; without it the aliases of all that one may read")
        .TakesQuery("ordering", $"name, ctime, -ctime, mtime, -mtime; other than by name up to {AliasOrder.Max} aliases")
        .TakesQuery("no_count", "true: count is null", Microsoft.OpenApi.JsonSchemaType.Boolean)
        .FailsOn("project", [.. AliasEndpoints.ProjectErrors, DatumErrors.TooManyProjectsToSort])
        .FailsOn("ordering", CommonErrors.NotAChoice, DatumErrors.TooManyAliasesToSort)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> ListAsync(
        HttpContext context, AliasTable aliases, DatumTable datums, ScannedStores scans, ProjectTable projects, Permissions permissions)
    {
        var listed = await ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var list = AliasOrder.From(context.Request) is { } order
            ? await SortedAsync(order, listed, paging, aliases, context.RequestAborted)
            : await ByNameAsync(listed, paging, aliases, context.RequestAborted);
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

    /// <summary>The named project, or all that the caller may read, ordered by id.</summary>
    static async Task<IReadOnlyList<Project>> ProjectsAsync(HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return [await permissions.ProjectAsync(context, projects, named, Permission.DataRead)];
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        return await projects.ListAllAsync(context.RequestAborted)
            .Where(p => rights.Allow(Permission.DataRead, Scope.Of(p))).ToListAsync(context.RequestAborted);
    }

    /// <summary>The cursor is a project's id and a name in it, or only the id of a project that is done.</summary>
    static async Task<CountedPage<AliasRow>> ByNameAsync(
        IReadOnlyList<Project> projects, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        var (behind, name) = PlaceOf(paging);
        // Compare as text: that is the order of projects.
        var left = projects.SkipWhile(p => behind is not null && string.CompareOrdinal(TextOf(p.Id), behind) < (name is null ? 1 : 0));
        var rows = new List<AliasRow>();
        var looked = 0;
        var last = behind;
        foreach (var some in left.Chunk(Math.Clamp(MaxRowsAtOnce / paging.Limit, 1, MaxProjectsAtOnce)))
        {
            if (looked >= MaxProjects)
                return new(rows, last, null, CursorOf);
            var pages = await Task.WhenAll(some.Select(p =>
                aliases.ListAsync(p, paging.Limit + 1, TextOf(p.Id) == behind ? name : null, cancellationToken)));
            foreach (var (found, more) in pages)
            {
                rows.AddRange(found);
                if (rows.Count > paging.Limit)
                    rows.RemoveRange(paging.Limit, rows.Count - paging.Limit);
                else if (more is null)
                    continue;
                return new(rows, CursorOf(rows[^1]), null, CursorOf);
            }

            looked += some.Length;
            last = TextOf(some[^1].Id);
        }

        return new(rows, null, behind is null ? rows.Count : null, CursorOf);
    }

    static string CursorOf(AliasRow row) => TextOf(row.Project) + row.Name;

    static async Task<CountedPage<AliasRow>> SortedAsync(
        AliasOrder order, IReadOnlyList<Project> projects, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        if (projects.Count > MaxProjects)
            throw DatumErrors.TooManyProjectsToSort.On("project", MaxProjects);
        var all = new List<AliasRow>();
        foreach (var some in projects.Chunk(MaxProjectsAtOnce))
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

    static (string? Project, AliasName? Name) PlaceOf(Paging paging) => paging.Cursor switch
    {
        null => (null, null),
        { Length: >= IdLength } cursor when Guid.TryParseExact(cursor[..IdLength], "N", out var id)
            && cursor.StartsWith(TextOf(id), StringComparison.Ordinal) =>
            cursor.Length == IdLength ? (TextOf(id), null)
            : AliasName.TryParse(cursor[IdLength..], out var name) ? (TextOf(id), name)
            : throw Paging.BadCursor(),
        _ => throw Paging.BadCursor(),
    };

    static string TextOf(Guid id) => id.ToString("N");
}

using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

/// <summary>The list of the aliases of a project, or of all projects that the caller may read.</summary>
static class AliasListEndpoint
{
    /// <summary>Projects that a page looks at, a request each: a page that finds few aliases in so many is short.</summary>
    const int MaxProjects = 1000;

    /// <summary>Rows that are read at a time; a project's page is one of up to <see cref="Paging.MaxLimit"/>.</summary>
    const int MaxRowsAtOnce = 16_000;

    const int MaxProjectsAtOnce = 16;

    const int IdLength = 32;

    public static void MapAliasLists(this IEndpointRouteBuilder api) => api.MapGet("/datum-aliases/", ListAsync)
        .AnswersPages<AliasBody>("Aliases, by project and name")
        .TakesQuery("project", "A project's id; without it the aliases of all that one may read")
        .TakesQuery("ordering", $"name, ctime, -ctime, mtime, -mtime; other than by name up to {AliasOrder.Max} aliases")
        .TakesQuery("no_count", "true: count is null", Microsoft.OpenApi.JsonSchemaType.Boolean);

    static async Task<IResult> ListAsync(
        HttpContext context, AliasTable aliases, DatumTable datums, ScannedStores scans, ProjectTable projects, Permissions permissions)
    {
        var listed = await ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var (rows, next, count) = AliasOrder.From(context.Request) is { } order
            ? await SortedAsync(order, listed, paging, aliases, context.RequestAborted)
            : await ByNameAsync(listed, paging, aliases, context.RequestAborted);
        var named = await datums.FindAsync([.. rows.Select(r => r.DatumId)], context.RequestAborted);
        var names = await aliases.NamesAsync(rows.Select(r => r.DatumId), context.RequestAborted);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        var byId = listed.ToDictionary(p => p.Id);
        return Results.Json(
            new Page<AliasBody>(
                DatumQuery.Flag(context.Request, "no_count") ? null : count, Paging.Next(context, next), null,
                [.. rows.Select(r => AliasBody.From(r, byId[r.Project], named.GetValueOrDefault(r.DatumId), names[r.DatumId], scanned))]),
            AliasEndpoints.Json.PageAliasBody);
    }

    /// <summary>The named one, or all that the caller may read, in the order of their ids.</summary>
    static async Task<IReadOnlyList<Project>> ProjectsAsync(HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return [await permissions.ProjectAsync(context, projects, named, Permission.DataRead)];
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        return await projects.ListAllAsync(context.RequestAborted)
            .Where(p => rights.Allow(Permission.DataRead, Scope.Of(p))).ToListAsync(context.RequestAborted);
    }

    /// <summary>The cursor is a project's id and a name in it, or the id alone of a project that is behind.</summary>
    static async Task<CountedPage<AliasRow>> ByNameAsync(
        IReadOnlyList<Project> projects, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        var (behind, name) = CursorOf(paging);
        // As text: that is the order of projects.
        var left = projects.SkipWhile(p => behind is not null && string.CompareOrdinal(TextOf(p.Id), behind) < (name is null ? 1 : 0));
        var rows = new List<AliasRow>();
        var looked = 0;
        var last = behind;
        foreach (var some in left.Chunk(Math.Clamp(MaxRowsAtOnce / paging.Limit, 1, MaxProjectsAtOnce)))
        {
            if (rows.Count > paging.Limit || looked >= MaxProjects)
                return Page(last);
            var pages = await Task.WhenAll(some.Select(p =>
                aliases.ListAsync(p, paging.Limit + 1, TextOf(p.Id) == behind ? name : null, cancellationToken)));
            rows.AddRange(pages.SelectMany(page => page.Rows));
            looked += some.Length;
            last = TextOf(some[^1].Id);
        }

        return Page(null);

        CountedPage<AliasRow> Page(string? behindAll) => rows.Count > paging.Limit
            ? new(rows[..paging.Limit], TextOf(rows[paging.Limit - 1].Project) + rows[paging.Limit - 1].Name, null)
            : new(rows, behindAll, behind is null && behindAll is null ? rows.Count : null);
    }

    static async Task<CountedPage<AliasRow>> SortedAsync(
        AliasOrder order, IReadOnlyList<Project> projects, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        if (projects.Count > MaxProjects)
            throw DatumErrors.TooManyProjectsToSort.On("project", MaxProjects);
        var all = new List<AliasRow>();
        foreach (var some in projects.Chunk(MaxProjectsAtOnce))
        {
            foreach (var (rows, more) in await Task.WhenAll(
                some.Select(p => aliases.ListAsync(p, AliasOrder.Max, after: null, cancellationToken))))
            {
                all.AddRange(rows);
                if (more is not null || all.Count > AliasOrder.Max)
                    throw DatumErrors.TooManyAliasesToSort.On("ordering", AliasOrder.Max);
            }
        }

        var (page, next) = order.Page(all, paging.Limit, paging.Cursor);
        return new(page, next, all.Count);
    }

    static (string? Project, AliasName? Name) CursorOf(Paging paging) => paging.Cursor switch
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

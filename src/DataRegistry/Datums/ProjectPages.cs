using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>A page of one project's list: at most so many rows after a place, and the place after them.</summary>
/// <param name="after">Null for the beginning.</param>
delegate Task<(IReadOnlyList<T> Rows, string? Cursor)> ProjectPage<T>(
    Project project, int limit, string? after, CancellationToken cancellationToken);

/// <summary>Helpers for lists of several projects.</summary>
static class ProjectPages
{
    /// <summary>Projects that a page reads, one request each. A page that finds few rows in them is short.</summary>
    public const int MaxProjects = 1000;

    public const int MaxProjectsAtOnce = 16;

    /// <summary>Rows that are read at a time. A project's page has up to <see cref="Paging.MaxLimit"/>.</summary>
    const int MaxRowsAtOnce = 16_000;

    /// <summary>The named project, or all that the caller may read, ordered by id.</summary>
    public static async Task<IReadOnlyList<Project>> ProjectsAsync(HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return [await permissions.ProjectAsync(context, projects, named, Permission.DataRead)];
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        return await projects.ListAllAsync(context.RequestAborted)
            .Where(p => rights.Allow(Permission.DataRead, Scope.Of(p))).ToListAsync(context.RequestAborted);
    }

    /// <summary>Projects whose pages are read at the same time.</summary>
    public static int AtOnce(Paging paging) => Math.Clamp(MaxRowsAtOnce / paging.Limit, 1, MaxProjectsAtOnce);
}

/// <summary>A list that each project has, of several projects: in the order of their ids, a request each.</summary>
/// <param name="page">Reads one project's.</param>
/// <param name="placeOf">The project of a row, and its place in that project's list.</param>
/// <param name="isPlace">Whether a text may be a place, so that a cursor of another list is refused.</param>
sealed class ProjectPages<T>(ProjectPage<T> page, Func<T, (Guid Project, string Place)> placeOf, Func<string, bool> isPlace)
{
    const int IdLength = 32;

    /// <summary>The cursor is a project's id and a place in it, or only the id of a project that is done.</summary>
    public async Task<CountedPage<T>> ReadAsync(IReadOnlyList<Project> projects, Paging paging, CancellationToken cancellationToken)
    {
        var (behind, place) = PlaceOf(paging);
        // Compare as text: that is the order of projects.
        var left = projects.SkipWhile(p => behind is not null && string.CompareOrdinal(TextOf(p.Id), behind) < (place is null ? 1 : 0));
        var rows = new List<T>();
        var looked = 0;
        var last = behind;
        foreach (var some in left.Chunk(ProjectPages.AtOnce(paging)))
        {
            if (looked >= ProjectPages.MaxProjects)
                return new(rows, last, null, CursorOf);
            var pages = await Task.WhenAll(some.Select(p =>
                page(p, paging.Limit + 1, TextOf(p.Id) == behind ? place : null, cancellationToken)));
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

    string CursorOf(T row)
    {
        var (project, place) = placeOf(row);
        return TextOf(project) + place;
    }

    (string? Project, string? Place) PlaceOf(Paging paging) => paging.Cursor switch
    {
        null => (null, null),
        { Length: >= IdLength } cursor when Guid.TryParseExact(cursor[..IdLength], "N", out var id)
            && cursor.StartsWith(TextOf(id), StringComparison.Ordinal) =>
            cursor.Length == IdLength ? (TextOf(id), null)
            : isPlace(cursor[IdLength..]) ? (TextOf(id), cursor[IdLength..])
            : throw Paging.BadCursor(),
        _ => throw Paging.BadCursor(),
    };

    static string TextOf(Guid id) => id.ToString("N");
}

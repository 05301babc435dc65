using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

/// <summary>The list of a project's datums, by any of the contract's parameters, bounded in what a request reads.</summary>
static class DatumListEndpoint
{
    /// <summary>Beyond this many, counting would cost more than the page (contract: exact up to 10,000).</summary>
    const int MaxCount = 10_000;

    /// <summary>Datums that a page looks at: one that finds fewer than it wanted among them is short, and says where to go on.</summary>
    const int MaxRead = 10_000;

    /// <summary>Up to so many matches are sorted otherwise than by time (contract), among so many datums looked at.</summary>
    const int MaxSorted = 10_000;
    const int MaxReadToSort = 50_000;

    const int MaxStores = 1000;

    public static void MapDatumLists(this IEndpointRouteBuilder api) => api.MapGet("/data/", ListAsync)
        .AnswersPages<DatumBody>("A project's datums, newest first")
        .TakesQuery("project", "Required").TakesQuery("store", "A store's id").TakesQuery("name", "The URL's last segment, whole")
        .TakesQuery("uri", "The URL; what is tracked there now").TakesQuery("tag", "A tag that they have").TakesQuery("output_execution", "None ever match")
        .TakesQuery("deleted", "true: none ever match").TakesQuery("purged", "true: only purged ones, otherwise only the others")
        .TakesQuery("offset", $"Up to {DatumQuery.MaxOffset}").TakesQuery("ordering", $"-ctime, ctime, id, name, size; but for the first up to {MaxSorted} matches")
        .TakesQuery("no_count", "true: count is null").TakesQuery("exclude", "Fields to leave out, with commas between them");

    static async Task<IResult> ListAsync(HttpContext context, DatumTable datums, LocationTable locations, StoreTable stores, ProjectTable projects, Permissions permissions)
    {
        var project = await permissions.ProjectAsync(context, projects, Fields.Query(context.Request, "project"), Permission.DataRead);
        var paging = Paging.From(context.Request);
        var query = DatumQuery.From(context.Request);
        var noCount = DatumQuery.Flag(context.Request, "no_count");
        // Where a page goes on, what is before it is behind.
        var offset = paging.Cursor is null ? query.Offset : 0;
        var (rows, next, count) =
            query.Nothing ? ([], null, 0)
            : query.Uri is { } uri && !query.Purged ? await AtAsync(uri, query, project, datums, locations, stores, context.RequestAborted)
            : query.IsSorted ? await SortedAsync(query, project, paging, offset, datums, context.RequestAborted)
            : await ByTimeAsync(query, project, paging, offset, noCount, datums, context.RequestAborted);
        return Answer(new(noCount ? null : count, Paging.Next(context, next), null, [.. rows.Select(r => DatumBody.From(r, project))]), Fields.Query(context.Request, "exclude"));
    }

    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> ByTimeAsync(
        DatumQuery query, Project project, Paging paging, int offset, bool noCount, DatumTable datums, CancellationToken cancellationToken)
    {
        DatumCursor? after = paging.Cursor is null ? null : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw new ApiException(Paging.BadCursor());
        var page = await datums.ListAsync(project, query, paging.Limit, after, offset, MaxRead + offset, cancellationToken);
        if (page.Skipped < offset && page.Next is not null)
            throw new ApiException(new ApiError.Field("offset", $"Fewer than {offset} of the newest {MaxRead + offset} datums match. Begin without an offset and follow 'next'.", "invalid"));
        int? count = noCount ? null : after is null && page.Next is null ? page.Skipped + page.Rows.Count
            : await datums.CountAsync(project, query, MaxCount, 2 * MaxCount, cancellationToken);
        return (page.Rows, page.Next?.ToString(), count);
    }

    /// <summary>All matches, sorted; the cursor is the last datum's id.</summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> SortedAsync(
        DatumQuery query, Project project, Paging paging, int offset, DatumTable datums, CancellationToken cancellationToken)
    {
        DatumRow? after = null;
        if (paging.Cursor is { } cursor)
        {
            // Purged meanwhile or not, its place in the order stays.
            after = DatumId.TryParse(cursor, out var id) ? await datums.FindAsync(id, cancellationToken) : null;
            if (after is null || after.Project != project.Id)
                throw new ApiException(Paging.BadCursor());
        }

        var all = await datums.ListAsync(project, query, MaxSorted, after: null, offset: 0, MaxReadToSort, cancellationToken);
        if (all.Next is not null)
        {
            throw new ApiException(new ApiError.Field(
                "ordering", $"Over {MaxSorted} matches, or {MaxReadToSort} datums to look at, are listed by -ctime only. Narrow the list down, or leave 'ordering' out.", "too_many"));
        }

        var sorted = all.Rows.ToList();
        sorted.Sort(query.Compare);
        var rest = sorted.Where(r => after is null || query.Compare(r, after) > 0).Skip(offset).ToList();
        var rows = rest.Take(paging.Limit).ToList();
        return (rows, rest.Count > rows.Count ? rows[^1].Id.ToString() : null, sorted.Count);
    }

    /// <summary>What is tracked at a URL: a point read in each store that holds it. Never more than one page.</summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> AtAsync(
        S3Url uri, DatumQuery query, Project project, DatumTable datums, LocationTable locations, StoreTable stores, CancellationToken cancellationToken)
    {
        var (all, _) = await stores.ListAsync(MaxStores, after: null, visible: null, cancellationToken);
        var found = new List<DatumRow>();
        foreach (var store in all.Where(s => s.Holds(uri) && (query.Store is null || query.Store == s.Id)))
        {
            if (await locations.FindAsync(store.Id, uri.Key, cancellationToken) is { } location && location.Project == project.Id
                && await datums.FindAsync(new DatumId(TimedId.FromGuid(location.Datum)), cancellationToken) is { } datum && query.Matches(datum))
            {
                found.Add(datum);
            }
        }

        return (found, null, found.Count);
    }

    static IResult Answer(Page<DatumBody> page, string? exclude)
    {
        if (exclude is null)
            return Results.Json(page, DatumEndpoints.Json.PageDatumBody);
        var json = JsonSerializer.SerializeToNode(page, DatumEndpoints.Json.PageDatumBody)!;
        foreach (var datum in json["results"]!.AsArray())
        {
            foreach (var field in exclude.Split(',', StringSplitOptions.TrimEntries))
                datum!.AsObject().Remove(field);
        }

        return Results.Json(json, DatumEndpoints.Json.JsonNode);
    }
}

using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using JsonSchemaType = Microsoft.OpenApi.JsonSchemaType;

namespace DataRegistry.Datums;

/// <summary>
/// The list of the datums of a project, or of all that the caller may read, by any of the contract's parameters, bounded in what a request
/// reads.
/// </summary>
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

    /// <summary>Without the parameter <c>project</c> so many are listed at most: each costs 16 requests a page.</summary>
    const int MaxProjects = 20;

    static readonly IReadOnlyList<string> FieldNames = [.. DatumEndpoints.Json.DatumBody.Properties.Select(p => p.Name)];

    public static void MapDatumLists(this IEndpointRouteBuilder api) => api.MapGet("/data/", ListAsync)
        .AnswersPages<DatumBody>("Datums, newest first")
        .TakesQuery(
            "project", $"A project's id; without it all that one may read, up to {MaxProjects}, or any number with a uri").TakesQuery(
                "store", "A store's id").TakesQuery("name", "The URL's last segment, whole")
        .TakesQuery(
            "uri", "The URL; what is tracked there now").TakesQuery(
                "tag", "A tag that they have").TakesQuery(
                    "drift", "changed or missing: what scans have found; none, unknown: the others").TakesQuery(
                        "output_execution", "None ever match")
        .TakesQuery(
            "deleted", "true: none ever match", JsonSchemaType.Boolean).TakesQuery(
                "purged", "true: only purged ones, otherwise only the others", JsonSchemaType.Boolean)
        .TakesQuery(
            "offset", $"Up to {DatumQuery.MaxOffset}", JsonSchemaType.Integer).TakesQuery(
                "ordering", $"-ctime, ctime, id, name, size; but for the first up to {MaxSorted} matches")
        .TakesQuery(
            "no_count", "true: count is null", JsonSchemaType.Boolean).TakesQuery(
                "exclude", "Fields to leave out, with commas between them");

    static async Task<IResult> ListAsync(
        HttpContext context, DatumTable datums, LocationTable locations, AliasTable aliases, StoreTable stores, ScannedStores scans,
        ProjectTable projects, Permissions permissions)
    {
        var named = await ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        var query = DatumQuery.From(context.Request) with { Scanned = scanned };
        var noCount = DatumQuery.Flag(context.Request, "no_count");
        // Where a page goes on, what is before it is behind.
        var offset = paging.Cursor is null ? query.Offset : 0;
        var located = query is { Nothing: false, Uri: not null, Purged: false }
            ? await LocatedAsync(query, locations, stores, context.RequestAborted) : null;
        // What may be read of a few locations is known without a list of projects.
        var listed = query.Nothing ? new([])
            : named ?? (located is null ? throw TooManyProjects()
                : await ReadableAsync(located.Select(l => l.Project), context, projects, permissions));
        var (rows, next, count) =
            query.Nothing ? ([], null, 0)
            : located is not null ? await AtAsync(located, query, listed, datums, context.RequestAborted)
            : query.IsSorted ? await SortedAsync(query, listed, paging, offset, datums, context.RequestAborted)
            : await ByTimeAsync(query, listed, paging, offset, noCount, datums, context.RequestAborted);
        IReadOnlyCollection<string> excluded = Fields.Query(
            context.Request, "exclude")?.Split(',', StringSplitOptions.TrimEntries).Intersect(FieldNames, StringComparer.Ordinal).ToList()
            ?? [];
        var names = await aliases.NamesAsync(
            excluded.Contains("aliases", StringComparer.Ordinal) ? [] : rows.Select(r => r.Id), context.RequestAborted);
        return Answer(
            new(noCount
                ? null
                : count, Paging.Next(context, next), null, [.. rows.Select(r => DatumBody.From(r, listed.Of(r), names[r.Id], scanned))]),
                excluded);
    }

    /// <summary>
    /// The named one, or all that the caller may read; none is an empty list. Null where they are more than can be listed together.
    /// </summary>
    static async Task<ProjectSet?> ProjectsAsync(HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return new([await permissions.ProjectAsync(context, projects, named, Permission.DataRead)]);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (readable, more) = await projects.ListAsync(
            MaxProjects, null, p => rights.Allow(Permission.DataRead, Scope.Of(p)), context.RequestAborted);
        return more is null ? new(readable) : null;
    }

    static ApiException TooManyProjects() => new(new ApiError.Field(
        "project", $"You may read over {MaxProjects} projects: name one of them.", "required"));

    /// <summary>Those of the projects that the caller may read.</summary>
    static async Task<ProjectSet> ReadableAsync(IEnumerable<Guid> ids, HttpContext context, ProjectTable projects, Permissions permissions)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var found = await projects.FindManyAsync(ids, context.RequestAborted);
        return new([.. found.Values.Where(p => rights.Allow(Permission.DataRead, Scope.Of(p)))]);
    }

    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> ByTimeAsync(
        DatumQuery query, ProjectSet projects, Paging paging, int offset, bool noCount, DatumTable datums,
        CancellationToken cancellationToken)
    {
        DatumCursor? after = paging.Cursor is null
            ? null
            : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw new ApiException(Paging.BadCursor());
        if (query.IsSearch)
            return await SearchedAsync(query, projects, (paging.Limit, offset), after, noCount, datums, cancellationToken);
        var page = await datums.ListAsync(projects, query, paging.Limit, after, offset, MaxRead + offset, cancellationToken);
        if (page.Skipped < offset && page.Next is not null)
            throw OffsetTooFar(offset, $"the newest {MaxRead + offset} datums");
        int? count = noCount ? null : after is null && page.Next is null ? page.Skipped + page.Rows.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return (page.Rows, page.Next?.ToString(), count);
    }

    static ApiException OffsetTooFar(int offset, string among) => new(new ApiError.Field(
        "offset", $"Fewer than {offset} of {among} match. Begin without an offset and follow 'next'.", "invalid"));

    /// <summary>
    /// For a name all datums are searched, because clients take an empty first page for a name that is not there. A page is short, or
    /// empty, only where the time for it was over.
    /// </summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> SearchedAsync(
        DatumQuery query, ProjectSet projects, (int Limit, int Offset) page, DatumCursor? after, bool noCount, DatumTable datums,
        CancellationToken cancellationToken)
    {
        var end = page.Offset + page.Limit;
        var found = await datums.SearchAsync(projects, query, end, after, noCount || after is not null ? 0 : MaxCount, cancellationToken);
        if (found.First.Count < page.Offset && found.Stopped is not null)
            throw OffsetTooFar(page.Offset, "the datums that could be searched in time");
        var rows = await datums.ReadAsync(found.First.Take(end).Skip(page.Offset), query, cancellationToken);
        var next = found.First.Count > end ? found.First[end - 1] : found.Stopped;
        var count = noCount ? null : after is null ? found.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return (rows, next?.ToString(), count);
    }

    /// <summary>All matches, sorted; the cursor is the last datum's id.</summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> SortedAsync(
        DatumQuery query, ProjectSet projects, Paging paging, int offset, DatumTable datums, CancellationToken cancellationToken)
    {
        DatumRow? after = null;
        if (paging.Cursor is { } cursor)
        {
            // Purged meanwhile or not, its place in the order stays.
            after = DatumId.TryParse(cursor, out var id) ? await datums.FindAsync(id, cancellationToken) : null;
            if (after is null || !projects.Contains(after.Project))
                throw new ApiException(Paging.BadCursor());
        }

        if (await AllAsync() is not { } sorted)
        {
            throw new ApiException(new ApiError.Field(
                "ordering",
                $"Over {MaxSorted} matches, or {MaxReadToSort} datums to look at, are listed by -ctime only. Narrow the list down, or "
                    + "leave 'ordering' out.", "too_many"));
        }

        sorted.Sort(query.Compare);
        var rest = sorted.Where(r => after is null || query.Compare(r, after) > 0).Skip(offset).ToList();
        var rows = rest.Take(paging.Limit).ToList();
        return (rows, rest.Count > rows.Count ? rows[^1].Id.ToString() : null, sorted.Count);

        // Null where they are too many.
        async Task<List<DatumRow>?> AllAsync()
        {
            if (!query.IsSearch)
            {
                var all = await datums.ListAsync(projects, query, MaxSorted, after: null, offset: 0, MaxReadToSort, cancellationToken);
                return all.Next is null ? [.. all.Rows] : null;
            }

            var found = await datums.SearchAsync(projects, query, MaxSorted, after: null, countUpTo: 0, cancellationToken);
            return found.Stopped is null && found.First.Count <= MaxSorted
                ? [.. await datums.ReadAsync(found.First, query, cancellationToken)] : null;
        }
    }

    /// <summary>What is at a URL: a point read in each store that holds it.</summary>
    static async Task<List<LocationRow>> LocatedAsync(
        DatumQuery query, LocationTable locations, StoreTable stores, CancellationToken cancellationToken)
    {
        var uri = query.Uri!.Value;
        var (all, _) = await stores.ListAsync(MaxStores, after: null, visible: null, cancellationToken);
        var found = new List<LocationRow>();
        foreach (var store in all.Where(s => s.Holds(uri) && (query.Store is null || query.Store == s.Id)))
        {
            if (await locations.FindAsync(store.Id, uri.Key, cancellationToken) is { } location)
                found.Add(location);
        }

        return found;
    }

    /// <summary>What is tracked at a URL. Never more than one page.</summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> AtAsync(
        List<LocationRow> located, DatumQuery query, ProjectSet projects, DatumTable datums, CancellationToken cancellationToken)
    {
        var found = new List<DatumRow>();
        foreach (var location in located.Where(l => projects.Contains(l.Project)))
        {
            if (await datums.FindAsync(new DatumId(TimedId.FromGuid(location.Datum)), cancellationToken) is { } datum
                && query.Matches(datum))
                found.Add(datum);
        }

        return (found, null, found.Count);
    }

    static IResult Answer(Page<DatumBody> page, IReadOnlyCollection<string> excluded)
    {
        if (excluded.Count == 0)
            return Results.Json(page, DatumEndpoints.Json.PageDatumBody);
        var json = JsonSerializer.SerializeToNode(page, DatumEndpoints.Json.PageDatumBody)!;
        foreach (var datum in json["results"]!.AsArray())
        {
            foreach (var field in excluded)
                datum!.AsObject().Remove(field);
        }

        return Results.Json(json, DatumEndpoints.Json.JsonNode);
    }
}

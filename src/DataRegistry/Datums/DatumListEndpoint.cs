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
            "project", $"A project's id; without it all that one may read, up to {MaxProjects}").TakesQuery(
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
        var listed = await ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        var query = DatumQuery.From(context.Request) with { Scanned = scanned };
        var noCount = DatumQuery.Flag(context.Request, "no_count");
        // Where a page goes on, what is before it is behind.
        var offset = paging.Cursor is null ? query.Offset : 0;
        var (rows, next, count) =
            query.Nothing ? ([], null, 0)
            : query.Uri is { } uri && !query.Purged ? await AtAsync(uri, query, listed, datums, locations, stores, context.RequestAborted)
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

    /// <summary>The named one, or all that the caller may read; none is an empty list.</summary>
    static async Task<ProjectSet> ProjectsAsync(HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return new([await permissions.ProjectAsync(context, projects, named, Permission.DataRead)]);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (readable, more) = await projects.ListAsync(
            MaxProjects, null, p => rights.Allow(Permission.DataRead, Scope.Of(p)), context.RequestAborted);
        return more is null ? new(readable)
            : throw DatumErrors.TooManyProjects.On("project", MaxProjects);
    }

    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> ByTimeAsync(
        DatumQuery query, ProjectSet projects, Paging paging, int offset, bool noCount, DatumTable datums,
        CancellationToken cancellationToken)
    {
        DatumCursor? after = paging.Cursor is null
            ? null
            : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw Paging.BadCursor();
        var page = await datums.ListAsync(projects, query, paging.Limit, after, offset, MaxRead + offset, cancellationToken);
        if (page.Skipped < offset && page.Next is not null)
            throw DatumErrors.OffsetBeyondMatches.On("offset", offset, MaxRead + offset);
        int? count = noCount ? null : after is null && page.Next is null ? page.Skipped + page.Rows.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return (page.Rows, page.Next?.ToString(), count);
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
                throw Paging.BadCursor();
        }

        var all = await datums.ListAsync(projects, query, MaxSorted, after: null, offset: 0, MaxReadToSort, cancellationToken);
        if (all.Next is not null)
        {
            throw DatumErrors.TooManyToSort.On("ordering", MaxSorted, MaxReadToSort);
        }

        var sorted = all.Rows.ToList();
        sorted.Sort(query.Compare);
        var rest = sorted.Where(r => after is null || query.Compare(r, after) > 0).Skip(offset).ToList();
        var rows = rest.Take(paging.Limit).ToList();
        return (rows, rest.Count > rows.Count ? rows[^1].Id.ToString() : null, sorted.Count);
    }

    /// <summary>What is tracked at a URL: a point read in each store that holds it. Never more than one page.</summary>
    static async Task<(IReadOnlyList<DatumRow> Rows, string? Next, int? Count)> AtAsync(
        S3Url uri, DatumQuery query, ProjectSet projects, DatumTable datums, LocationTable locations, StoreTable stores,
        CancellationToken cancellationToken)
    {
        var (all, _) = await stores.ListAsync(MaxStores, after: null, visible: null, cancellationToken);
        var found = new List<DatumRow>();
        foreach (var store in all.Where(s => s.Holds(uri) && (query.Store is null || query.Store == s.Id)))
        {
            if (await locations.FindAsync(store.Id, uri.Key, cancellationToken) is { } location && projects.Contains(location.Project)
                && await datums.FindAsync(new DatumId(TimedId.FromGuid(location.Datum)), cancellationToken) is { } datum
                && query.Matches(datum))
            {
                found.Add(datum);
            }
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

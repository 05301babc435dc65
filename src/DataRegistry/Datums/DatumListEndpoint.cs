using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using JsonSchemaType = Microsoft.OpenApi.JsonSchemaType;

namespace DataRegistry.Datums;

/// <summary>
/// Lists the datums of a project, or of all that the caller may read, with any of the contract's parameters. A request
/// reads a bounded number of rows.
/// </summary>
static class DatumListEndpoint
{
    /// <summary>
    /// The most projects that a list without the parameter <c>project</c> reads: each costs 16 requests a page.
    /// </summary>
    const int MaxProjects = 20;

    static readonly IReadOnlyList<string> FieldNames = [.. DatumEndpoints.Json.DatumBody.Properties.Select(p => p.Name)];

    public static void MapDatumLists(this IEndpointRouteBuilder api) => api.MapGet("/data/", ListAsync).WithName("listDatums")
        .AnswersPages<DatumBody>("List datums, newest first")
        .TakesQuery(
            "project", $"A project's id. Without it the list has the datums of all projects that you may read, up to {MaxProjects}.")
        .TakesQuery("store", "A store's id.")
        .TakesQuery("name", "The whole last segment of the URL.")
        .TakesQuery("uri", "An s3:// URL. Lists only its current datum.")
        .TakesQuery("tag", "Only datums with this tag.")
        .TakesQuery("drift", "`changed` or `missing`, as scans found; `none` or `unknown`.")
        .TakesQuery("output_execution", "Taken for the sake of clients. A value matches no datum.")
        .TakesQuery("deleted", "Taken for the sake of clients. `true` matches no datum.", JsonSchemaType.Boolean)
        .TakesQuery("purged", "`true` lists purged datums only. Otherwise they are left out.", JsonSchemaType.Boolean)
        .TakesQuery("offset", $"How many to leave out, up to {DatumQuery.MaxOffset}. `next` costs less.", JsonSchemaType.Integer)
        .TakesQuery("ordering", "`-ctime` (the default), `ctime`, `id`, `name` or `size`. "
            + $"Other orders than the default sort up to {DatumSearch.MaxSorted} matches.")
        .TakesQuery("no_count", "`true` leaves `count` null.", JsonSchemaType.Boolean)
        .TakesQuery("exclude", "Fields to leave out, separated by commas.")
        .FailsOn("project", OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject, DatumErrors.TooManyProjects)
        .FailsOn("store", CommonErrors.NotAnId).FailsOn("uri", DatumErrors.NotAUrl).FailsOn("drift", CommonErrors.NotAChoice)
        .FailsOn("offset", DatumErrors.OffsetTooLarge, DatumErrors.OffsetBeyondMatches, DatumErrors.OffsetBeyondSearch)
        .FailsOn("ordering", DatumErrors.NotADatumOrder, DatumErrors.TooManyToSort)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> ListAsync(
        HttpContext context, DatumSearch search, AliasTable aliases, ScannedStores scans, ProjectTable projects, Permissions permissions)
    {
        var paging = Paging.From(context.Request);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        var query = DatumQuery.From(context.Request) with { Scanned = scanned };
        var listed = await ProjectsAsync(context, query, search, projects, permissions);
        var noCount = DatumQuery.Flag(context.Request, "no_count");
        var list = await search.FindAsync(query, listed, paging, noCount, context.RequestAborted);
        IReadOnlyCollection<string> excluded = Fields.Query(
            context.Request, "exclude")?.Split(',', StringSplitOptions.TrimEntries).Intersect(FieldNames, StringComparer.Ordinal).ToList()
            ?? [];
        var names = await aliases.NamesAsync(
            excluded.Contains("aliases", StringComparer.Ordinal) ? [] : list.Rows.Select(r => r.Id), context.RequestAborted);
        var page = list.Within(r => DatumBody.SizeOf(r) + names[r.Id].Sum(AliasTable.SizeOf));
        var rows = await search.WithTagsAsync(page.Rows, context.RequestAborted);
        return Answer(
            new(
                noCount ? null : page.Count, Paging.Next(context, page.Next), null,
                [.. rows.Select(r => DatumBody.From(r, listed.Of(r), names[r.Id], scanned))]),
            excluded);
    }

    /// <summary>
    /// The named project, or all that the caller may read; without any, the list is empty. If they are many, only those
    /// with something at the URL.
    /// </summary>
    static async Task<ProjectSet> ProjectsAsync(
        HttpContext context, DatumQuery query, DatumSearch search, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "project") is { } named)
            return new([await permissions.ProjectAsync(context, projects, named, Permission.DataRead)]);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (readable, more) = await projects.ListAsync(
            MaxProjects, null, p => rights.Allow(Permission.DataRead, Scope.Of(p)), context.RequestAborted);
        if (more is null || query.Nothing)
            return new(readable);
        if (query is not { Uri: not null, Purged: false })
            throw DatumErrors.TooManyProjects.On("project", MaxProjects);
        var found = await projects.FindManyAsync(await search.ProjectsAtAsync(query, context.RequestAborted), context.RequestAborted);
        return new([.. found.Values.Where(p => rights.Allow(Permission.DataRead, Scope.Of(p)))]);
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

using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

static class AliasEndpoints
{
    const int MaxBodyBytes = 16 * 1024;

    static readonly AliasJson Json = new(WireJson.Options(AliasJson.Default));

    public static void MapAliases(this IEndpointRouteBuilder api)
    {
        api.MapGet(
            "/datum-aliases/", ListAsync).AnswersPages<AliasBody>("A project's aliases, by name").RequiresQuery("project", "A project's id")
            .TakesQuery("ordering", $"name, ctime, -ctime, mtime, -mtime; other than by name up to {AliasOrder.Max} aliases")
            .TakesQuery("no_count", "true: count is null", Microsoft.OpenApi.JsonSchemaType.Boolean);
        api.MapPost(
            "/datum-aliases/", PointAsync).Takes<NewAliasBody>().Answers<AliasBody>(
                "Make an alias (201), or move it to another datum (200)").OrAnswers<AliasBody>(StatusCodes.Status201Created);
        api.MapGet("/datum-aliases/resolve/", ResolveAsync).Answers<ResolvedBody>("The datum that a name stands for now")
            .RequiresQuery("name", "The alias's name").RequiresQuery("project", "A project's id");
        api.MapGet("/datum-aliases/{id}/", GetAsync).Answers<AliasBody>("One alias");
        api.MapDelete("/datum-aliases/{id}/", DeleteAsync).AnswersNothing("Delete an alias; its history stays");
        api.MapGet(
            "/datum-aliases/{id}/history/", HistoryAsync).AnswersPages<AliasChangeBody>(
                "Who moved it, the last change first; also of a deleted alias");
    }

    static async Task<IResult> ListAsync(
        HttpContext context, AliasTable aliases, DatumTable datums, ScannedStores scans, ProjectTable projects, Permissions permissions)
    {
        var project = await permissions.ProjectAsync(context, projects, Fields.Query(context.Request, "project"), Permission.DataRead);
        var paging = Paging.From(context.Request);
        var (rows, next, count) = AliasOrder.From(context.Request) is { } order
            ? await SortedAsync(order, project, paging, aliases, context.RequestAborted)
            : await ByNameAsync(project, paging, aliases, context.RequestAborted);
        var named = await datums.FindAsync([.. rows.Select(r => r.DatumId)], context.RequestAborted);
        var names = await aliases.NamesAsync(rows.Select(r => r.DatumId), context.RequestAborted);
        var scanned = await scans.CompletedAsync(context.RequestAborted);
        return Results.Json(
            new Page<AliasBody>(
                DatumQuery.Flag(context.Request, "no_count") ? null : count, Paging.Next(context, next), null,
                [.. rows.Select(r => AliasBody.From(r, project, named.GetValueOrDefault(r.DatumId), names[r.DatumId], scanned))]),
            Json.PageAliasBody);
    }

    static async Task<CountedPage<AliasRow>> ByNameAsync(
        Project project, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        AliasName? after = paging.Cursor is null
            ? null
            : AliasName.TryParse(paging.Cursor, out var name) ? name : throw Paging.BadCursor();
        var (rows, next) = await aliases.ListAsync(project, paging.Limit, after, cancellationToken);
        return new(rows, next, after is null && next is null ? rows.Count : null);
    }

    static async Task<CountedPage<AliasRow>> SortedAsync(
        AliasOrder order, Project project, Paging paging, AliasTable aliases, CancellationToken cancellationToken)
    {
        var (all, more) = await aliases.ListAsync(project, AliasOrder.Max, after: null, cancellationToken);
        if (more is not null)
            throw DatumErrors.TooManyAliasesToSort.On("ordering", AliasOrder.Max);
        var (rows, next) = order.Page(all, paging.Limit, paging.Cursor);
        return new(rows, next, all.Count);
    }

    static async Task<IResult> PointAsync(
        HttpContext context, AliasLookup lookup, DatumTable datums, AliasPointing pointing, DatumViews views)
    {
        var body = await RequestBody.ReadJsonAsync(context, Json.NewAliasBody, MaxBodyBytes);
        var project = await lookup.ProjectAsync(context, body.Project, Permission.AliasesEdit);
        var name = Name(body.Name);
        if (string.IsNullOrEmpty(body.Datum))
            throw CommonErrors.Required.On("datum");
        if (!DatumId.TryParse(body.Datum, out var id))
            throw DatumErrors.NotADatumId.On("datum");
        // Another project's datum is as good as none, so that ids cannot be probed and a name never leads to what its readers may not see.
        if (await datums.FindAsync(id, context.RequestAborted) is not { } datum || datum.Project != project.Id)
            throw DatumErrors.NoDatumInProject.On("datum", id);
        var outcome = await pointing.PointAsync(context, project, name, id);
        return Results.Json(
            await views.ShowAsync(outcome.Alias, project, datum, context.RequestAborted), Json.AliasBody,
            statusCode: outcome is AliasOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>Public clients compare what they download with the hash of this answer, so it is got as for who asks by id.</summary>
    static async Task<IResult> ResolveAsync(
        HttpContext context, AliasLookup lookup, AliasTable aliases, DatumTable datums, DatumHashing hashing, DatumViews views)
    {
        var project = await lookup.ProjectAsync(context, Fields.Query(context.Request, "project"), Permission.DataRead);
        if (await aliases.FindAsync(project, Name(Fields.Query(context.Request, "name")), context.RequestAborted) is not { } alias
            || await datums.FindAsync(alias.DatumId, context.RequestAborted) is not { } datum)
        {
            throw CommonErrors.NotFound.With();
        }

        var hashed = await hashing.EnsureAsync(datum, found: null, context.RequestAborted);
        return Results.Json(new ResolvedBody(await views.ShowAsync(hashed, project, context.RequestAborted)), Json.ResolvedBody);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, AliasLookup lookup, DatumTable datums, DatumViews views)
    {
        var (alias, project) = await lookup.RequiredAsync(context, id, Permission.DataRead);
        var datum = await datums.FindAsync(alias.DatumId, context.RequestAborted);
        return Results.Json(await views.ShowAsync(alias, project, datum, context.RequestAborted), Json.AliasBody);
    }

    static async Task<IResult> DeleteAsync(string id, HttpContext context, AliasLookup lookup, AliasTable aliases, AuditTrail trail)
    {
        var (alias, project) = await lookup.RequiredAsync(context, id, Permission.AliasesEdit);
        if (!await aliases.DeleteAsync(alias, Caller.Of(context).Name, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(
            context, new("alias.deleted", alias.Id.ToString("D")) { Project = project.Id, Details = new() { ["name"] = alias.Name } });
        return Results.NoContent();
    }

    static async Task<IResult> HistoryAsync(string id, HttpContext context, AliasLookup lookup, AliasTable aliases)
    {
        var place = await lookup.PlaceAsync(context, id, Permission.DataRead);
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !(cursor.Length == 10 && cursor.All(char.IsAsciiDigit)))
            throw Paging.BadCursor();
        var (rows, next) = await aliases.HistoryAsync(place.Id, paging.Limit, paging.Cursor, context.RequestAborted);
        return Results.Json(
            new Page<AliasChangeBody>(
                paging.Cursor is null && next is null ? rows.Count : null, Paging.Next(context, next), null,
                [.. rows.Select(r => new AliasChangeBody(r.Time, r.User, r.From, r.To))]),
            Json.PageAliasChangeBody);
    }

    public static AliasName Name(string? text, string field = "name") =>
        string.IsNullOrEmpty(text) ? throw CommonErrors.Required.On(field)
        : AliasName.TryParse(text, out var name) ? name
        : throw DatumErrors.NotAnAliasName.On(field);
}

/// <summary>An alias on the wire.</summary>
/// <param name="Mtime">When it was last moved.</param>
sealed record AliasBody(Guid Id, string Name, DateTimeOffset Ctime, DateTimeOffset Mtime, ProjectBody Project, DatumBody? Datum)
{
    public static AliasBody From(
        AliasRow row, Project project, DatumRow? datum, IEnumerable<string> names, IReadOnlyDictionary<Guid, DateTimeOffset> scanned) =>
        new(row.Id, row.Name, row.CTime, row.MTime, ProjectBody.From(project), datum is null
            ? null
            : DatumBody.From(datum, project, names, scanned));
}

/// <param name="Datum">A datum's id, <c>datum://</c> before it or not; of the same project.</param>
sealed record NewAliasBody(string? Name, string? Datum, string? Project);

sealed record ResolvedBody(DatumBody Datum);

/// <param name="From">Null in the first change.</param>
/// <param name="To">Null where the alias was deleted.</param>
sealed record AliasChangeBody(DateTimeOffset Time, string User, Guid? From, Guid? To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AliasBody))]
[JsonSerializable(typeof(NewAliasBody))]
[JsonSerializable(typeof(ResolvedBody))]
[JsonSerializable(typeof(Page<AliasBody>))]
[JsonSerializable(typeof(Page<AliasChangeBody>))]
sealed partial class AliasJson : JsonSerializerContext;

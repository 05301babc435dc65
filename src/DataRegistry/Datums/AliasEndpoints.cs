using System.ComponentModel.DataAnnotations;
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
    public static readonly FieldError[] ProjectErrors =
        [CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject];

    const int MaxBodyBytes = 16 * 1024;

    public static readonly AliasJson Json = new(WireJson.Options(AliasJson.Default));

    public static void MapAliases(this IEndpointRouteBuilder api)
    {
        api.MapPost("/datum-aliases/", PointAsync).WithName("setAlias").TakesJsonOrForm<NewAliasBody>()
            .Answers<AliasBody>("Create an alias (201), or move it to another datum (200)")
            .OrAnswers<AliasBody>(StatusCodes.Status201Created)
            .FailsOn("name", CommonErrors.Required, DatumErrors.NotAnAliasName)
            .FailsOn("datum", CommonErrors.Required, DatumErrors.NotADatumId, DatumErrors.NoDatumInProject)
            .FailsOn("project", ProjectErrors).Fails(AccessErrors.NotPermitted);
        api.MapGet("/datum-aliases/resolve/", ResolveAsync).WithName("resolveAlias")
            .Answers<ResolvedBody>("Get the datum that an alias points at now")
            .RequiresQuery("name", "The alias's name.").RequiresQuery("project", "A project's id.")
            .TakesHeader(Prefer.Header, DatumHashing.WaitDescription)
            .FailsOn("name", CommonErrors.Required, DatumErrors.NotAnAliasName).FailsOn("project", ProjectErrors)
            .Fails(AccessErrors.NotPermitted, CommonErrors.NotFound);
        api.MapGet("/datum-aliases/{id}/", GetAsync).WithName("getAlias").Answers<AliasBody>("Get an alias");
        api.MapDelete("/datum-aliases/{id}/", DeleteAsync).WithName("deleteAlias").AnswersNothing("Delete an alias. Its history stays")
            .Fails(AccessErrors.NotPermitted);
        api.MapGet("/datum-aliases/{id}/history/", HistoryAsync).WithName("getAliasHistory")
            .AnswersPages<AliasChangeBody>("List the changes of an alias, newest first, also of a deleted one");
    }

    static async Task<IResult> PointAsync(
        HttpContext context, AliasLookup lookup, DatumTable datums, AliasPointing pointing, DatumViews views)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, Json.NewAliasBody, MaxBodyBytes);
        var project = await lookup.ProjectAsync(context, body.Project, Permission.AliasesEdit);
        var name = Name(body.Name);
        if (string.IsNullOrEmpty(body.Datum))
            throw CommonErrors.Required.On("datum");
        if (!DatumId.TryParse(body.Datum, out var id))
            throw DatumErrors.NotADatumId.On("datum");
        // Treat a datum of another project as missing. So ids cannot be probed, and an alias never leads its readers to
        // a datum that they may not see.
        if (await datums.FindAsync(id, context.RequestAborted) is not { } datum || datum.Project != project.Id)
            throw DatumErrors.NoDatumInProject.On("datum", id);
        await pointing.RequireUsableAsync(project, name, "name", context.RequestAborted);
        var outcome = await pointing.PointAsync(context, project, name, id);
        return Results.Json(
            await views.ShowAsync(outcome.Alias, project, datum, context.RequestAborted), Json.AliasBody,
            statusCode: outcome is AliasOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>
    /// Public clients compare their download with this answer's hash, so the datum is read with the same wait as by its
    /// id.
    /// </summary>
    static async Task<IResult> ResolveAsync(
        HttpContext context, AliasLookup lookup, AliasTable aliases, DatumTable datums, DatumHashing hashing, DatumViews views)
    {
        var project = await lookup.ProjectAsync(context, Fields.Query(context.Request, "project"), Permission.DataRead);
        if (await aliases.FindAsync(project, Name(Fields.Query(context.Request, "name")), context.RequestAborted) is not { } alias
            || await datums.FindAsync(alias.DatumId, context.RequestAborted) is not { } datum)
        {
            throw CommonErrors.NotFound.With();
        }

        var hashed = await hashing.AwaitAsync(datum, DatumHashing.WaitOf(context), context.RequestAborted);
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

/// <param name="Datum">The id of a datum of the same project, with or without <c>datum://</c> before it.</param>
sealed record NewAliasBody([property: Required] string? Name, [property: Required] string? Datum, [property: Required] string? Project);

sealed record ResolvedBody(DatumBody Datum);

/// <param name="From">Null in the first change.</param>
/// <param name="To">Null if the alias was deleted.</param>
sealed record AliasChangeBody(DateTimeOffset Time, string User, Guid? From, Guid? To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AliasBody))]
[JsonSerializable(typeof(NewAliasBody))]
[JsonSerializable(typeof(ResolvedBody))]
[JsonSerializable(typeof(Page<AliasBody>))]
[JsonSerializable(typeof(Page<AliasChangeBody>))]
sealed partial class AliasJson : JsonSerializerContext;

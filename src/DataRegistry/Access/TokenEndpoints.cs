using System.Text.Json.Nodes;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>
/// Tokens that users create for themselves, and administrators for service accounts. A token that is limited to projects cannot see, create
/// or revoke tokens. Otherwise it could escape its limit.
/// </summary>
static class TokenEndpoints
{
    const int MaxProjects = 100;
    const string UserParameter = "The id of the user or service account, for administrators. Without it your own tokens are meant.";

    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tokens/", ListAsync).WithName("listTokens").AnswersPages<TokenBody>("List tokens without their secrets")
            .TakesQuery("user", UserParameter)
            .FailsOn("user", CommonErrors.NotAnId).Fails(AccessErrors.NotPermitted);
        api.MapPost("/tokens/", CreateAsync).WithName("createToken").TakesJsonOrForm<NewTokenBody>()
            .Answers<CreatedTokenBody>("Create a token", StatusCodes.Status201Created)
            .WithDescription("The secret is shown only this once. `expires` is required if you signed in with a password, an identity "
                + "provider or a token that ends.")
            .FailsOn("name", CommonErrors.Required, CommonErrors.TooLong)
            .FailsOn("expires", CommonErrors.NotATime, AccessErrors.ExpiryInThePast, AccessErrors.EndOfLogInsToken,
                AccessErrors.EndOfTokensToken)
            .FailsOn("projects", AccessErrors.ProjectsOfToken, CommonErrors.NotAnId, OrganizationErrors.NoProject)
            .FailsOn("user", CommonErrors.NotAnId, AccessErrors.NotAServiceAccount)
            .Fails(AccessErrors.TooManyTokens, AccessErrors.TooManyGenerations, AccessErrors.NotPermitted);
        api.MapGet("/tokens/{id}/", GetAsync).WithName("getToken").Answers<TokenBody>("Get a token").TakesQuery("user", UserParameter)
            .FailsOn("user", CommonErrors.NotAnId).Fails(AccessErrors.NotPermitted);
        api.MapDelete("/tokens/{id}/", RevokeAsync).WithName("revokeToken").AnswersNothing("Revoke a token at once")
            .TakesQuery("user", UserParameter)
            .FailsOn("user", CommonErrors.NotAnId).Fails(AccessErrors.NotPermitted);
    }

    static async Task<IResult> ListAsync(HttpContext context, TokenTable tokens, Permissions permissions)
    {
        var owner = await OwnerAsync(context, Fields.Query(context.Request, "user"), permissions);
        var paging = AccessJson.PagingById(context.Request);
        var (rows, next) = await tokens.ListAsync(owner, paging.Limit, paging.Cursor, context.RequestAborted);
        var count = next is null && paging.Cursor is null ? rows.Count : (int?)null;
        return Results.Json(
            new Page<TokenBody>(count, Paging.Next(context, next), null, [.. rows.Select(TokenBody.From)]),
            AccessJson.Default.PageTokenBody);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, TokenTable tokens, Permissions permissions) =>
        Results.Json(TokenBody.From(await RequiredAsync(id, context, tokens, permissions)), AccessJson.Default.TokenBody);

    static async Task<IResult> CreateAsync(HttpContext context, NewTokenServices services)
    {
        var (issuer, subjects, projects, permissions, trail) = services;
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewTokenBody, AccessJson.MaxBodyBytes);
        var caller = Caller.Of(context);
        var owner = await OwnerAsync(context, body.User, permissions);
        if (owner != caller.Id && await subjects.FindAsync(owner, context.RequestAborted) is not { Kind: SubjectKind.ServiceAccount })
            throw AccessErrors.NotAServiceAccount.On("user");
        var name = Fields.Name("name", body.Name, AccessJson.MaxNameLength);
        var expires = issuer.RequireEnd(caller, Fields.Time("expires", body.Expires));
        var limit = await ProjectsAsync(body.Projects, context, projects, permissions);

        var (token, row) = await issuer.CreateAsync(caller, new(owner, name, expires, limit), context.RequestAborted);
        await trail.RecordAsync(context, new("token.created", row.RowKey)
        {
            Details = new()
            {
                ["user"] = owner.ToString("D"),
                ["name"] = name,
                ["expires"] = body.Expires,
                ["projects"] = limit is null ? null : new JsonArray([.. limit.Select(p => JsonValue.Create(p.ToString("D")))]),
            },
        });
        var listed = TokenBody.From(row);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(
            new CreatedTokenBody(listed.Id, listed.Name, listed.Ctime, listed.Expires, listed.Projects, token.Text),
            AccessJson.Default.CreatedTokenBody, statusCode: StatusCodes.Status201Created);
    }

    static async Task<IResult> RevokeAsync(string id, HttpContext context, TokenTable tokens, Permissions permissions, AuditTrail trail)
    {
        var row = await RequiredAsync(id, context, tokens, permissions);
        await tokens.RevokeAsync(row, context.RequestAborted);
        await trail.RecordAsync(
            context, new("token.revoked", row.RowKey) { Details = new() { ["user"] = row.PartitionKey, ["name"] = row.Name } });
        return Results.NoContent();
    }

    static async Task<TokenListRow> RequiredAsync(string id, HttpContext context, TokenTable tokens, Permissions permissions)
    {
        var owner = await OwnerAsync(context, Fields.Query(context.Request, "user"), permissions);
        return (Guid.TryParse(id, out var token) ? await tokens.FindAsync(owner, token, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
    }

    /// <summary>The owner of the tokens: the caller, or for administrators the named user.</summary>
    static async Task<Guid> OwnerAsync(HttpContext context, string? user, Permissions permissions)
    {
        var caller = Caller.Of(context);
        if (caller.Projects is not null)
            throw Permissions.Denied();
        var owner = user is null ? caller.Id : Fields.Id("user", user);
        if (owner != caller.Id)
            await permissions.RequireAsync(context, Permission.TokensManage, Scope.System);
        return owner;
    }

    static async Task<IReadOnlyCollection<Guid>?> ProjectsAsync(
        List<string?>? texts, HttpContext context, ProjectTable projects, Permissions permissions)
    {
        if (texts is null)
            return null;
        if (texts.Count is 0 or > MaxProjects)
            throw AccessErrors.ProjectsOfToken.On("projects", MaxProjects);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var ids = new HashSet<Guid>();
        foreach (var text in texts)
        {
            var id = Fields.Id("projects", text);
            if (await projects.FindAsync(id, context.RequestAborted) is not { } project
                || !rights.Allow(Permission.ProjectsRead, Scope.Of(project)))
                throw OrganizationErrors.NoProject.On("projects", id);
            ids.Add(id);
        }

        return ids;
    }
}

/// <summary>The services that create a token.</summary>
sealed record NewTokenServices(
    TokenIssuer Issuer, SubjectTable Subjects, ProjectTable Projects, Permissions Permissions, AuditTrail Trail);

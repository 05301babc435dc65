using System.Text.Json.Nodes;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

static class UserEndpoints
{
    public const int MaxEmailLength = 254;

    public static void MapUsers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/users/", ListAsync).WithName("listUsers").AnswersPages<UserBody>("List users and service accounts")
            .TakesQuery("type", "user or service_account").FailsOn("type", CommonErrors.NotAChoice).Fails(AccessErrors.NotPermitted);
        api.MapPost("/users/", CreateAsync).WithName("createUser").TakesJsonOrForm<NewUserBody>()
            .Answers<UserBody>("Create a user or a service account", StatusCodes.Status201Created)
            .FailsOn("username", CommonErrors.Required, AccessErrors.NotAUsername, AccessErrors.UsernameTaken)
            .FailsOn("type", CommonErrors.NotAChoice)
            .FailsOn("password", CommonErrors.TooShort, AccessErrors.NoPasswordForServiceAccount).Fails(AccessErrors.NotPermitted);
        api.MapGet("/users/me/", MeAsync).WithName("getMe").Answers<MeBody>("Get your own account and what you may do");
        api.MapPatch("/users/me/", ChangeMeAsync).WithName("changeMe").TakesJsonOrForm<UserChangeBody>()
            .Answers<UserBody>("Change your name, address or password")
            .WithDescription("A new password revokes the tokens of log-ins.")
            .FailsOn("current_password", CommonErrors.Required, AccessErrors.WrongPassword)
            .FailsOn("disabled", AccessErrors.OnlyAdministratorDisables)
            .FailsOn("password", CommonErrors.TooShort, CommonErrors.TooLong).Fails(AccessErrors.NotPermitted, AccessErrors.TooManyLogIns);
        api.MapGet("/users/{id}/", GetAsync).WithName("getUser").Answers<UserBody>("Get a user");
        api.MapPatch("/users/{id}/", ChangeAsync).WithName("changeUser").TakesJsonOrForm<UserChangeBody>()
            .Answers<UserBody>("Change or disable a user")
            .WithDescription("Disabling a user revokes all its tokens. A new password revokes the tokens of log-ins.")
            .FailsOn("disabled", AccessErrors.OwnAccountStaysEnabled)
            .FailsOn("password", CommonErrors.TooShort, AccessErrors.NoPasswordForServiceAccount)
            .Fails(AccessErrors.NotPermitted);
        api.MapDelete("/users/{id}/", DeleteAsync).WithName("deleteUser").AnswersNothing("Delete a user with its tokens and roles")
            .Fails(AccessErrors.OwnAccountStays, AccessErrors.NotPermitted);
    }

    static async Task<IResult> ListAsync(HttpContext context, SubjectTable subjects, Permissions permissions)
    {
        if (!(await permissions.OfAsync(Caller.Of(context), context.RequestAborted)).AllowSomewhere(Permission.UsersRead))
            throw Permissions.Denied();
        var paging = AccessJson.PagingById(context.Request);
        var kind = Fields.Query(context.Request, "type") is { } type ? Fields.Choice<SubjectKind>("type", type) : (SubjectKind?)null;
        var (rows, next) = await subjects.ListAsync(kind, paging.Limit, paging.Cursor, context.RequestAborted);
        var count = next is null && paging.Cursor is null ? rows.Count : (int?)null;
        return Results.Json(
            new Page<UserBody>(count, Paging.Next(context, next), null, [.. rows.Select(UserBody.From)]), AccessJson.Default.PageUserBody);
    }

    static async Task<IResult> CreateAsync(HttpContext context, SubjectTable subjects, Permissions permissions, AuditTrail trail)
    {
        await permissions.RequireAsync(context, Permission.UsersManage, Scope.System);
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewUserBody, AccessJson.MaxBodyBytes);
        if (string.IsNullOrEmpty(body.Username))
            throw CommonErrors.Required.On("username");
        if (!Username.TryParse(body.Username, out var username))
            throw AccessErrors.NotAUsername.On("username");
        var kind = body.Type is null ? SubjectKind.User : Fields.Choice<SubjectKind>("type", body.Type);
        if (kind == SubjectKind.ServiceAccount && body.Password is not null)
            throw AccessErrors.NoPasswordForServiceAccount.On("password");
        var hash = await HashAsync(body.Password, context.RequestAborted);
        var row = username.Key == Caller.AdministratorName ? null : await subjects.CreateAsync(
            kind, username, Fields.Line("display_name", body.DisplayName, AccessJson.MaxNameLength),
            Fields.Line("email", body.Email, MaxEmailLength), hash, context.RequestAborted);
        if (row is null)
            throw AccessErrors.UsernameTaken.On("username");
        await trail.RecordAsync(context, new("user.created", row.RowKey)
        {
            Details = new() { ["username"] = row.Username, ["type"] = Fields.WireName(kind) },
        });
        return Results.Json(UserBody.From(row), AccessJson.Default.UserBody, statusCode: StatusCodes.Status201Created);
    }

    static async Task<IResult> MeAsync(HttpContext context, SubjectTable subjects, RoleTable roles, TokenIssuer issuer)
    {
        var caller = Caller.Of(context);
        var me = caller.Id == Caller.AdministratorId
            ? UserBody.Administrator
            : UserBody.From(await subjects.RequiredAsync(caller.Id, context));
        var given = await roles.OfAsync(caller.Id, context.RequestAborted);
        return Results.Json(
            new MeBody(
                me.Id, me.Username, me.Type, me.DisplayName, me.Email, me.Disabled, me.Ctime, [.. given.Select(RoleBody.From)],
                caller.Projects is null ? null : [.. caller.Projects], issuer.LatestEndOf(caller)),
            AccessJson.Default.MeBody);
    }

    /// <summary>
    /// Users may see themselves, and callers who give roles anywhere may see all users. For all others there is no such user.
    /// </summary>
    static async Task<IResult> GetAsync(string id, HttpContext context, SubjectTable subjects, Permissions permissions)
    {
        var caller = Caller.Of(context);
        var known = Guid.TryParse(id, out var subject);
        if (subject != caller.Id && !(await permissions.OfAsync(caller, context.RequestAborted)).AllowSomewhere(Permission.UsersRead))
            throw CommonErrors.NotFound.With();
        if (known && subject == Caller.AdministratorId)
            return Results.Json(UserBody.Administrator, AccessJson.Default.UserBody);
        return Results.Json(UserBody.From(await subjects.RequiredAsync(subject, context)), AccessJson.Default.UserBody);
    }

    static async Task<IResult> ChangeAsync(
        string id, HttpContext context, SubjectTable subjects, TokenTable tokens, Permissions permissions, AuditTrail trail)
    {
        await permissions.RequireAsync(context, Permission.UsersManage, Scope.System);
        var row = await subjects.RequiredAsync(Guid.TryParse(id, out var subject) ? subject : default, context);
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.UserChangeBody, AccessJson.MaxBodyBytes);
        if (body.Disabled == true && subject == Caller.Of(context).Id)
            throw AccessErrors.OwnAccountStaysEnabled.On("disabled");
        if (body.Password is not null && row.Kind == SubjectKind.ServiceAccount)
            throw AccessErrors.NoPasswordForServiceAccount.On("password");
        return await ApplyAsync(row, body, context, subjects, tokens, trail);
    }

    /// <summary>Changes the caller's own name, address or password. A new password needs the current one.</summary>
    static async Task<IResult> ChangeMeAsync(
        HttpContext context, SubjectTable subjects, TokenTable tokens, LogIn logIn, AuditTrail trail, IOptions<AccessOptions> options)
    {
        var caller = Caller.Of(context);
        if (caller.Projects is not null || caller.Id == Caller.AdministratorId || caller.Kind == SubjectKind.ServiceAccount)
            throw Permissions.Denied();
        var row = await subjects.RequiredAsync(caller.Id, context);
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.UserChangeBody, AccessJson.MaxBodyBytes);
        if (body.Disabled is not null)
            throw AccessErrors.OnlyAdministratorDisables.On("disabled");
        if (body.Password is not null)
        {
            if (body.CurrentPassword is null)
                throw CommonErrors.Required.On("current_password");
            var refusal = await logIn.ConfirmAsync(
                row, body.CurrentPassword, ClientAddress.Of(context, options.Value.ForwardedHops), context.RequestAborted);
            if (refusal is LogInOutcome.TooMany tooMany)
                throw LogInEndpoint.TooMany(tooMany);
            if (refusal is not null)
                throw AccessErrors.WrongPassword.On("current_password");
        }

        return await ApplyAsync(row, body, context, subjects, tokens, trail);
    }

    static async Task<IResult> ApplyAsync(
        SubjectRow before, UserChangeBody body, HttpContext context, SubjectTable subjects, TokenTable tokens, AuditTrail trail)
    {
        var displayName = Fields.Line("display_name", body.DisplayName, AccessJson.MaxNameLength);
        var email = Fields.Line("email", body.Email, MaxEmailLength);
        var hash = await HashAsync(body.Password, context.RequestAborted);
        var after = await subjects.ChangeAsync(
            before.Id,
            row => row with
            {
                DisplayName = displayName ?? row.DisplayName,
                Email = email ?? row.Email,
                Disabled = body.Disabled ?? row.Disabled,
            },
            context.RequestAborted);
        if (after is null || (hash is not null && !await subjects.SetPasswordAsync(after, hash, context.RequestAborted)))
            throw CommonErrors.NotFound.With();

        // Do it even if the user is disabled already: the request that did it may have died before this.
        var revoked = body.Disabled == true ? await tokens.RevokeAllAsync(before.Id, context.RequestAborted)
            : hash is not null ? await tokens.RevokeLogInsAsync(before.Id, context.RequestAborted) : 0;
        var details = new JsonObject();
        Note("display_name", before.DisplayName, after.DisplayName);
        Note("email", before.Email, after.Email);
        Note("disabled", before.Disabled ? "true" : "false", after.Disabled ? "true" : "false");
        if (hash is not null)
            details["password"] = "changed";
        if (revoked > 0)
            details["tokens_revoked"] = revoked;
        if (details.Count > 0)
            await trail.RecordAsync(context, new("user.changed", before.RowKey) { Details = details });
        return Results.Json(UserBody.From(after), AccessJson.Default.UserBody);

        void Note(string field, string? old, string? now)
        {
            if (old != now)
                details[field] = new JsonObject { ["before"] = old, ["after"] = now };
        }
    }

    /// <summary>
    /// Deletes a user. The user is gone with its row. If this dies half-way, the remaining tokens and roles are useless, because ids are
    /// never used again.
    /// </summary>
    static async Task<IResult> DeleteAsync(string id, HttpContext context, UserDeletionServices services)
    {
        var (subjects, tokens, roles, permissions, trail) = services;
        await permissions.RequireAsync(context, Permission.UsersManage, Scope.System);
        var row = await subjects.RequiredAsync(Guid.TryParse(id, out var subject) ? subject : default, context);
        if (subject == Caller.Of(context).Id)
            throw AccessErrors.OwnAccountStays.With();
        if (!await subjects.DeleteAsync(row, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(context, new("user.deleted", row.RowKey) { Details = new() { ["username"] = row.Username } });
        await tokens.RevokeAllAsync(subject, context.RequestAborted);
        foreach (var role in await roles.ListAsync(subject).ToListAsync(context.RequestAborted))
            await roles.RemoveAsync(subject, role.RowKey, context.RequestAborted);
        return Results.NoContent();
    }

    /// <summary>The subject; 404 if there is none.</summary>
    public static async Task<SubjectRow> RequiredAsync(this SubjectTable subjects, Guid id, HttpContext context) =>
        (id == default ? null : await subjects.FindAsync(id, context.RequestAborted)) ?? throw CommonErrors.NotFound.With();

    static async Task<string?> HashAsync(string? password, CancellationToken cancellationToken) => password switch
    {
        null => null,
        { Length: < Password.MinLength } =>
            throw CommonErrors.TooShort.On("password", Password.MinLength),
        { Length: > Password.MaxLength } =>
            throw CommonErrors.TooLong.On("password", Password.MaxLength),
        _ => await Password.HashAsync(password, cancellationToken),
    };
}

/// <summary>The services that delete a user.</summary>
sealed record UserDeletionServices(SubjectTable Subjects, TokenTable Tokens, RoleTable Roles, Permissions Permissions, AuditTrail Trail);

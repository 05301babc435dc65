using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Access;

/// <summary>The groups of endpoints. A group decides which callers it admits and which limits hold.</summary>
/// <param name="Root">All callers, without a limit.</param>
/// <param name="V0">Signed-in callers, <c>/api/v0</c>.</param>
/// <param name="V1">Signed-in callers, <c>/api/v1</c>.</param>
/// <param name="Content">Callers with a link to a datum's content, <c>/api/v0</c>.</param>
sealed record Api(IEndpointRouteBuilder Root, IEndpointRouteBuilder V0, IEndpointRouteBuilder V1, IEndpointRouteBuilder Content)
{
    public static Api Of(IEndpointRouteBuilder app) => new(
        app,
        app.MapGroup("/api/v0").RequireAuthorization().RequireRateLimiting(RateLimits.InFlight).FailsAlways(AccessErrors.OfEveryCaller),
        app.MapGroup("/api/v1").RequireAuthorization().RequireRateLimiting(RateLimits.InFlight).FailsAlways(AccessErrors.OfEveryCaller),
        app.MapGroup("/api/v0").RequireRateLimiting(RateLimits.Content));
}

/// <summary>The room of users, roles, tokens and limits.</summary>
static class AccessRoom
{
    public static IServiceCollection AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AccessOptions>().Bind(configuration.GetSection(AccessOptions.Section)).Validate(
            o => o.IsValid,
            "The settings Access__LogIn…, Access__ClientTokenMinutes (at most 1440) and Access__MaxTokenDays (at most 36500) are numbers "
            + "above 0, Access__ForwardedHops is 0 or more, and Access__SigningKey is empty or 32 bytes in base64.").ValidateOnStart();
        services.PostConfigure<AccessOptions>(o => o.DeriveSigningKey(configuration["Stores:SecretKey"]));
        services.AddOptions<OidcOptions>().Bind(configuration.GetSection(OidcOptions.Section)).Validate(
            o => o.IsValid,
            "The setting Oidc__Issuer is an https address, and with it Oidc__Audience is set; Oidc__UserClaim is not empty, "
            + "and Oidc__TimeoutSeconds is from 1 to 60.").ValidateOnStart();
        services.AddOptions<LimitOptions>().Bind(configuration.GetSection(LimitOptions.Section))
            .Validate(o => o.IsValid, "The settings Limits__… are numbers above 0.").ValidateOnStart();
        services.AddTable<SubjectTable>().AddTable<RoleTable>().AddTable<TokenTable>().AddTable<AttemptTable>().AddTable<AuditTable>();
        services.AddSingleton<ICollector>(s => s.GetRequiredService<AttemptTable>());
        services.AddSingleton<RoleServices>().AddSingleton<NewTokenServices>().AddSingleton<UserDeletionServices>();
        return services.AddSchemes(configuration).AddSingleton<Scopes>().AddSingleton<LogIn>().AddSingleton<TokenIssuer>()
            .AddSingleton<AuditTrail>();
    }

    public static void MapAccess(this Api api)
    {
        ApiDocument.Map(api.Root).AllowAnonymous().RequireRateLimiting(RateLimits.Description);
        api.Root.MapApiLinks(RateLimits.Description);
        api.Root.MapGroup("/api/v0").MapLogIn();
        api.Root.MapGroup("/api/v1").MapClientTokens();
        api.V0.MapProjects();
        api.V0.MapAbsentLists();
        api.V0.MapOrganization();
        api.V0.MapClusterAgents();
        api.V0.MapUsers();
        api.V0.MapRoles();
        api.V0.MapRoleList();
        api.V0.MapTokens();
        api.V0.MapAudit();
        api.V1.MapUnitLists();
    }
}

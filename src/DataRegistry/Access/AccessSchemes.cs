using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// Sign-in and request limits, as ASP.NET Core does them. No scheme is the default: only an endpoint that requires authorization reads the
/// token, so that a stranger's header costs the others nothing.
/// </summary>
static class AccessSchemes
{
    /// <summary>Selects one of the others by the header.</summary>
    public const string Any = "Access";

    public const string ApiToken = "ApiToken";

    /// <summary>The identity provider's, where one is set.</summary>
    public const string Oidc = "Oidc";

    public static IServiceCollection AddSchemes(this IServiceCollection services, IConfiguration configuration)
    {
        // AddAuthentication would also bring data protection, which writes key files at the start and is of no use here.
        services.AddAuthenticationCore();
        services.TryAddSingleton(UrlEncoder.Default);
        var schemes = new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiTokenHandler>(ApiToken, null)
            .AddPolicyScheme(Any, displayName: null, o => o.ForwardDefault = ApiToken);
        // Without a provider nothing of JwtBearer is loaded.
        if (configuration[$"{OidcOptions.Section}:{nameof(OidcOptions.Issuer)}"] is { Length: > 0 })
            OidcScheme.AddTo(schemes);

        services.AddAuthorizationBuilder().SetDefaultPolicy(new AuthorizationPolicyBuilder(Any).RequireAuthenticatedUser().Build());
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, Refusals>();
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<SignedTokens>();
        services.AddSingleton<Permissions>();
        services.AddSingleton<RateLimits>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<RateLimits>((options, limits) => limits.Configure(options));
        // The framework tells each refused request at the level of information. JwtBearer also tells each exception as an error, with its
        // stack, and throws it on: that of a caller who hangs up is none, and the others are logged where they end a request.
        return services.AddLogging(logging => logging
            .AddFilter("Microsoft.AspNetCore.Authentication", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Authentication.JwtBearer", LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Authorization", LogLevel.Warning));
    }
}

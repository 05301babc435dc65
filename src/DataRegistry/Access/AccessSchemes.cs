using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// Sign-in and request limits with ASP.NET Core. No scheme is the default: only endpoints that require authorization read the token, so
/// other endpoints spend nothing on it.
/// </summary>
static class AccessSchemes
{
    /// <summary>The scheme that selects another scheme by the header.</summary>
    public const string Any = "Access";

    public const string ApiToken = "ApiToken";

    /// <summary>The scheme of the identity provider, if one is configured.</summary>
    public const string Oidc = "Oidc";

    public static IServiceCollection AddSchemes(this IServiceCollection services, IConfiguration configuration)
    {
        // AddAuthentication would also bring data protection, which writes key files at the start and has no use here.
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
        // The framework logs each refused request as information. JwtBearer logs each exception as an error with its stack and throws it
        // on. A caller that hangs up is no error, and other exceptions are logged where they end a request.
        return services.AddLogging(logging => logging
            .AddFilter("Microsoft.AspNetCore.Authentication", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Authentication.JwtBearer", LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Authorization", LogLevel.Warning));
    }
}

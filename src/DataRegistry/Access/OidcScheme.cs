using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>The identity provider's tokens: JwtBearer checks them, and <see cref="OidcLogIn"/> finds their users.</summary>
static class OidcScheme
{
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static void AddTo(AuthenticationBuilder schemes)
    {
        schemes.Services.AddSingleton<OidcConfiguration>().AddSingleton<OidcLogIn>();
        // AddJwtBearer would also read validation parameters from settings that this service does not know.
        schemes.AddScheme<JwtBearerOptions, JwtBearerHandler>(AccessSchemes.Oidc, null);
        schemes.Services.AddOptions<JwtBearerOptions>(AccessSchemes.Oidc)
            .Configure<OidcConfiguration, IOptions<OidcOptions>, TimeProvider>(Configure);
        schemes.Services.AddOptions<PolicySchemeOptions>(AccessSchemes.Any).Configure<IOptions<OidcOptions>>((selection, oidc) =>
            selection.ForwardDefaultSelector = context => ReadJwt(context.Request)?.Issuer == oidc.Value.Issuer
                ? AccessSchemes.Oidc
                : AccessSchemes.ApiToken);
    }

    static void Configure(JwtBearerOptions options, OidcConfiguration configuration, IOptions<OidcOptions> oidc, TimeProvider clock)
    {
        options.MapInboundClaims = false;
        options.ConfigurationManager = configuration;
        // The configuration gets the key of the token before the token is checked.
        options.RefreshOnIssuerKeyNotFound = false;
        options.TokenValidationParameters = new()
        {
            ValidIssuer = oidc.Value.Issuer,
            ValidAudience = oidc.Value.Audience,
            ValidAlgorithms = Algorithms,
            LifetimeValidator = (from, until, _, _) =>
                until is { } end && end > clock.GetUtcNow().UtcDateTime - ClockSkew
                    && (from is null || from <= clock.GetUtcNow().UtcDateTime + ClockSkew),
        };
        options.Events = new() { OnMessageReceived = FindKeyAsync, OnTokenValidated = FindCallerAsync };

        async Task FindKeyAsync(MessageReceivedContext context)
        {
            context.Token = RequestToken.Of(context.Request);
            if (!await configuration.HasKeysForAsync(ReadJwt(context.Request)?.Kid, context.HttpContext.RequestAborted))
                context.Fail(AccessErrors.KeysUnavailable.With().After(OidcConfiguration.AfterFailure));
        }
    }

    static async Task FindCallerAsync(TokenValidatedContext context)
    {
        var logIn = context.HttpContext.RequestServices.GetRequiredService<OidcLogIn>();
        var (caller, refusal) = await logIn.CallerOfAsync((JsonWebToken)context.SecurityToken, context.HttpContext);
        if (caller is null)
        {
            context.Fail(refusal!);
            return;
        }

        context.Principal = CallerIdentity.PrincipalOf(caller);
        context.Success();
    }

    static JsonWebToken? ReadJwt(HttpRequest request) =>
        RequestToken.Of(request) is { } text && RequestToken.IsJwt(text) ? RequestToken.ReadJwt(text) : null;
}

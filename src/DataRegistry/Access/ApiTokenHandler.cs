using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>Authenticates requests by the tokens of this service.</summary>
sealed class ApiTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (RequestToken.Of(Request) is not { } text)
            return AuthenticateResult.NoResult();
        var (caller, refusal) = await tokens.CallerOfAsync(text, Context.RequestAborted);
        return caller is null
            ? AuthenticateResult.Fail(refusal!)
            : AuthenticateResult.Success(new(CallerIdentity.PrincipalOf(caller), Scheme.Name));
    }
}

/// <summary>The framework's view of a <see cref="Access.Caller"/>.</summary>
sealed class CallerIdentity : ClaimsIdentity
{
    CallerIdentity(Caller caller) : base("DataRegistry") => Caller = caller;

    public Caller Caller { get; }

    public static ClaimsPrincipal PrincipalOf(Caller caller) => new(new CallerIdentity(caller));
}

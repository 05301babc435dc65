using DataRegistry.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

/// <summary>Answers requests without a valid token in the contracts' shapes, and counts them for their address.</summary>
sealed class Refusals(RateLimits limits) : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Forbidden)
            throw Permissions.Denied();
        if (!authorizeResult.Succeeded)
            throw await RefusalAsync(context);
        limits.Remember(context);
        // Run before the endpoint's own policy: a request that it refuses counts for the minute, once.
        limits.Count(Caller.Of(context).Id);
        await next(context);
    }

    async Task<ApiException> RefusalAsync(HttpContext context)
    {
        // The framework keeps the result of the handler of a request, so the token is read once.
        var failure = (await context.AuthenticateAsync(AccessSchemes.Any)).Failure;
        if (failure is ApiException unavailable)
            return new(unavailable.Error);
        limits.CountRefusal(context);
        context.Response.Headers.WWWAuthenticate = V1ErrorBody.IsFor(context.Request) ? "Bearer" : "Token";
        return failure switch
        {
            null => AccessErrors.NotAuthenticated.With(),
            AuthenticationFailureException refused => AccessErrors.TokenRefused.With(refused.Message),
            _ => AccessErrors.TokenRefused.With(JwtRefusals.Of(failure)),
        };
    }
}

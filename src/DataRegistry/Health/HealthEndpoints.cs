using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Health;

/// <summary>Health checks for monitoring. They need no token, and show nothing that a stranger could use.</summary>
static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder api)
    {
        api.MapGet("/live", () => Results.Json(new HealthBody("live"), HealthJson.Default.HealthBody)).WithName("getLiveness")
            .Answers<HealthBody>("Find out whether the process runs", example: "HealthBody.live").AllowAnonymous();
        api.MapGet("/ready", ReadyAsync).WithName("getReadiness")
            .Answers<HealthBody>(
                "Find out whether tables and queues answer")
            .WithDescription("System administrators also see which of them answer. If the tables do not, nobody does.")
            .OrAnswers<HealthBody>(StatusCodes.Status503ServiceUnavailable, "HealthBody.unavailable")
            .Fails(AccessErrors.TooManyRequests).AllowAnonymous();
    }

    static async Task<IResult> ReadyAsync(HttpContext context, Readiness readiness, RateLimits limits, Permissions permissions)
    {
        var dependencies = await readiness.LookAsync(context.RequestAborted);
        var ready = dependencies.Values.All(answers => answers);
        // Only the tables can identify a token's owner.
        var (caller, told) = dependencies[Readiness.Tables]
            ? await CallerOfAsync(context, readiness.Timeout, limits, permissions) : (null, false);
        if (caller is not null)
        {
            limits.Remember(context);
            limits.Count(caller.Id);
        }

        return Results.Json(
            new HealthBody(ready ? "ready" : "not ready", told ? dependencies : null), HealthJson.Default.HealthBody,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>
    /// The caller, and whether it is a system administrator. Null if that cannot be found out, for any reason, or takes
    /// longer than <paramref name="timeout"/>: the answer does not wait for it.
    /// </summary>
    static async Task<(Caller? Caller, bool IsAdministrator)> CallerOfAsync(
        HttpContext context, TimeSpan timeout, RateLimits limits, Permissions permissions)
    {
        var hungUp = context.RequestAborted;
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(hungUp);
        waiting.CancelAfter(timeout);
        // Limit the request's own token. A task left running would write to this request's context, which another
        // request uses afterwards.
        context.RequestAborted = waiting.Token;
        try
        {
            if (context.Request.Headers.Authorization.Count == 0 || limits.StrangersWait(context) is not null)
                return (null, false);
            var result = await context.AuthenticateAsync(AccessSchemes.Any);
            if (result.Principal?.Identity is CallerIdentity { Caller: var caller })
                return (caller, await permissions.AllowsAsync(caller, Permission.UsersManage, Scope.System, context.RequestAborted));
            if (result.Failure is not ApiException)
                limits.CountRefusal(context);
            return (null, false);
        }
        catch (Exception) when (!hungUp.IsCancellationRequested)
        {
            return (null, false);
        }
        finally
        {
            context.RequestAborted = hungUp;
        }
    }
}

/// <param name="Dependencies">Whether each dependency answers. Left out for strangers, and if the tables cannot
/// identify the caller.</param>
sealed record HealthBody(string Detail, IReadOnlyDictionary<string, bool>? Dependencies = null)
{
    /// <summary>The product's version, which the OpenAPI document also shows to strangers.</summary>
    public string Version { get; } = Product.Version;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthBody))]
sealed partial class HealthJson : JsonSerializerContext;

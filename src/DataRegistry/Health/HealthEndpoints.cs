using System.Text.Json.Serialization;
using Azure;
using DataRegistry.Access;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Health;

/// <summary>For whoever watches the service: no token is needed, and nothing is told that a stranger could use.</summary>
static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder api)
    {
        api.MapGet("/live", () => Results.Json(new HealthBody("live"), HealthJson.Default.HealthBody)).Answers<HealthBody>("Whether the process is there").WithoutToken();
        api.MapGet("/ready", ReadyAsync).Answers<HealthBody>("Whether its tables and queues answer; to who administrates the system, also which of them do")
            .OrAnswers<HealthBody>(StatusCodes.Status503ServiceUnavailable).WithoutToken();
    }

    static async Task<IResult> ReadyAsync(HttpContext context, Readiness readiness, Authentication authentication, Permissions permissions)
    {
        var dependencies = await readiness.LookAsync(context.RequestAborted);
        var ready = dependencies.Values.All(answers => answers);
        return Results.Json(
            new HealthBody(ready ? "ready" : "not ready", await IsAdministratorAsync(context, authentication, permissions) ? dependencies : null), HealthJson.Default.HealthBody,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>False also for whom the tables, being away, cannot tell.</summary>
    static async Task<bool> IsAdministratorAsync(HttpContext context, Authentication authentication, Permissions permissions)
    {
        try
        {
            return context.Request.Headers.Authorization.Count > 0
                && await authentication.AuthenticateAsync(context) is ({ } caller, _) && await permissions.AllowsAsync(caller, Permission.UsersManage, Scope.System, context.RequestAborted);
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException or ApiException)
        {
            return false;
        }
    }
}

/// <param name="Dependencies">Whether each answers; left out for strangers.</param>
sealed record HealthBody(string Detail, IReadOnlyDictionary<string, bool>? Dependencies = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthBody))]
sealed partial class HealthJson : JsonSerializerContext;

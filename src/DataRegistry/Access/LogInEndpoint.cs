using DataRegistry.Http;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>Answers a token for a user name and a password. It needs no token.</summary>
static class LogInEndpoint
{
    const int MaxBodyBytes = 16 * 1024;

    public static void MapLogIn(this IEndpointRouteBuilder api) => api.MapPost("/get-token/", LogInAsync).WithName("logIn")
        .Takes<LogInForm>("application/x-www-form-urlencoded").Answers<LogInBody>("Get a token with a user name and a password")
        .Fails(CommonErrors.FormUnreadable, AccessErrors.FormExpected, AccessErrors.TooManyLogIns, AccessErrors.TooManyRequests)
        .FailsOn("non_field_errors", AccessErrors.LogInRefused)
        .FailsOn("username", CommonErrors.Required, CommonErrors.TooLong, CommonErrors.GivenTwice)
        .AllowAnonymous();

    public static ApiException TooMany(LogInOutcome.TooMany outcome)
    {
        Metrics.Refused(nameof(AccessOptions.LogInFailures));
        return AccessErrors.TooManyLogIns.With().After(outcome.RetryAfter);
    }

    static async Task<IResult> LogInAsync(
        HttpContext context, LogIn logIn, RateLimits limits, AuditTrail trail, IOptions<AccessOptions> options)
    {
        if (!context.Request.HasFormContentType)
            throw AccessErrors.FormExpected.With();
        var form = await RequestBody.ReadFormAsync(context, MaxBodyBytes);
        var username = Required("username", Username.MaxLength);
        var password = Required("password", Password.MaxLength);
        switch (await logIn.WithPasswordAsync(
            username, password, ClientAddress.Of(context, options.Value.ForwardedHops), context.RequestAborted))
        {
            case LogInOutcome.In { Subject: var subject } right:
                limits.Count(subject.Id);
                if (await logIn.CreateTokenAsync(right, context.RequestAborted) is not var (token, row))
                    throw AccessErrors.LogInRefused.On("non_field_errors");
                await trail.RecordAsync(
                    new AuditActor(subject.Username, subject.Id, Token: null, context.TraceIdentifier),
                    new("token.created", row.RowKey) { Details = new() { ["user"] = subject.RowKey, ["name"] = row.Name } });
                context.Response.Headers.CacheControl = "no-store";
                return Results.Json(new LogInBody(token.Text), AccessJson.Default.LogInBody);
            case LogInOutcome.TooMany tooMany:
                throw TooMany(tooMany);
            default:
                throw AccessErrors.LogInRefused.On("non_field_errors");
        }

        string Required(string field, int maxLength) => form[field] is [{ Length: > 0 } text]
            ? text.Length <= maxLength
                ? text
                : throw CommonErrors.TooLong.On(field, maxLength)
            : throw (form[field].Count > 1 ? CommonErrors.GivenTwice : CommonErrors.Required).On(field);
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Creates a short-lived JWT for client credentials: the id or name of a service account (or user), and an API token of it as the secret.
/// The body is JSON or a form. Its properties have their present or their former names; case and separators are ignored.
/// </summary>
static class ClientTokenEndpoint
{
    const int MaxBodyBytes = 16 * 1024;
    const int MaxSecretLength = 1024;

    static readonly string[] Grants = ["client_credentials", "app_token"];

    public static void MapClientTokens(this IEndpointRouteBuilder api) => api.MapPost("/token", GrantAsync).WithName("getClientToken")
        .Takes<ClientCredentialsBody>().Takes<ClientCredentialsBody>("application/x-www-form-urlencoded")
        .Answers<ClientTokenBody>("Get a short-lived token with client credentials")
        .FailsOn("grantType", AccessErrors.NotAGrant).FailsOn(
            "clientId", CommonErrors.Required, CommonErrors.TooLong, CommonErrors.GivenTwice, AccessErrors.NotAText)
        .Fails(AccessErrors.ClientRefused, AccessErrors.TooManyLogIns, AccessErrors.TooManyRequests, AccessErrors.NoSigningKey)
        .AllowAnonymous();

    static async Task<IResult> GrantAsync(
        HttpContext context, LogIn logIn, RateLimits limits, SignedTokens signed, AuditTrail trail, IOptions<AccessOptions> options)
    {
        var fields = await ReadAsync(context);
        if (!Grants.Contains(Required("grantType", MaxSecretLength), StringComparer.Ordinal))
            throw AccessErrors.NotAGrant.On("grantType");
        var client = Required("clientId", Username.MaxLength);
        var secret = Required("clientSecret", MaxSecretLength);
        if (!signed.IsPossible)
            throw AccessErrors.NoSigningKey.With();
        context.Response.Headers.CacheControl = "no-store";
        switch (await logIn.WithClientSecretAsync(
            client, secret, ClientAddress.Of(context, options.Value.ForwardedHops), context.RequestAborted))
        {
            case LogInOutcome.Client success:
                limits.Count(success.Subject.Id);
                var (text, expiresIn) = signed.Create(success.Token);
                await trail.RecordAsync(
                    new AuditActor(success.Subject.Username, success.Subject.Id, success.Token.Id, context.TraceIdentifier),
                    new("token.exchanged", success.Token.Id.ToString("D")) { Details = new() { ["expires_in"] = expiresIn } });
                return Results.Json(new ClientTokenBody(text, "Bearer", expiresIn), ClientTokenJson.Default.ClientTokenBody);
            case LogInOutcome.TooMany tooMany:
                throw LogInEndpoint.TooMany(tooMany);
            default:
                context.Response.Headers.WWWAuthenticate = "Bearer";
                throw AccessErrors.ClientRefused.With();
        }

        string Required(string field, int maxLength) => fields.TryGetValue(field, out var text) && text.Length > 0
            ? text.Length <= maxLength
                ? text
                : throw CommonErrors.TooLong.On(field, maxLength)
            : throw CommonErrors.Required.On(field);
    }

    /// <summary>The properties of the body by their present names. Null and unknown ones are left out.</summary>
    static async Task<Dictionary<string, string>> ReadAsync(HttpContext context)
    {
        var given = context.Request.HasFormContentType
            ? (await RequestBody.ReadFormAsync(context, MaxBodyBytes)).SelectMany(f => f.Value.Select(v => (f.Key, Text: v)))
            : (await RequestBody.ReadAnyTypeAsync(context, ClientTokenJson.Default.DictionaryStringJsonElement, MaxBodyBytes)).Select(
                f => (f.Key, Text: TextOf(f.Key, f.Value)));
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in given)
        {
            if (text is not null && PresentName(name) is { } field && !fields.TryAdd(field, text))
                throw CommonErrors.GivenTwice.On(field);
        }

        return fields;
    }

    static string? TextOf(string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null || PresentName(name) is not { } field)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // The value has another type, or holds half of a surrogate pair.
            throw AccessErrors.NotAText.On(field);
        }
    }

    static string? PresentName(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant() switch
    {
        "granttype" => "grantType",
        "clientid" or "appid" => "clientId",
        "clientsecret" or "appsecret" => "clientSecret",
        _ => null,
    };
}

sealed record ClientCredentialsBody(string GrantType, string ClientId, string ClientSecret);

/// <param name="ExpiresIn">In seconds.</param>
sealed record ClientTokenBody(string AccessToken, string TokenType, int ExpiresIn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ClientCredentialsBody))]
[JsonSerializable(typeof(ClientTokenBody))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
sealed partial class ClientTokenJson : JsonSerializerContext;

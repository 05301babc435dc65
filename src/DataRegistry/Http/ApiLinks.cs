using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Http;

/// <summary>Links for people and clients that begin at the root of the API, made of the mapped endpoints.</summary>
static class ApiLinks
{
    const string Adoption = "/api/v0/";

    static readonly ApiLinksJson Json = new(WireJson.Options(ApiLinksJson.Default));

    /// <summary>Maps <c>/api/</c> and <c>/api/v0/</c>, which need no token.</summary>
    /// <param name="policy">The rate limit for client addresses.</param>
    public static void MapApiLinks(this IEndpointRouteBuilder app, string policy)
    {
        Anonymous(app.MapGet("/api/", (HttpContext context) => Answer(context, new(StringComparer.Ordinal)
        {
            ["v0"] = Adoption,
            ["datavolumes"] = "/api/v1/datavolumes",
            ["openapi"] = "/openapi/v1.json",
            ["documentation"] = "/openapi/",
            ["console"] = "/console/",
            ["health"] = "/api/health/ready",
        })));
        Anonymous(app.MapGet(Adoption, (HttpContext context, EndpointDataSource endpoints) => Answer(context, Lists(endpoints))));

        void Anonymous(RouteHandlerBuilder endpoint) => endpoint.AllowAnonymous().RequireRateLimiting(policy).ExcludeFromDescription();
    }

    /// <summary>Every list that the OpenAPI document describes, by the last segment of its path.</summary>
    static SortedDictionary<string, string> Lists(EndpointDataSource endpoints) => new(
        endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null
                && e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Any(HttpMethods.IsGet) == true)
            .Select(e => e.RoutePattern.RawText!)
            .Where(path => path.StartsWith(Adoption, StringComparison.Ordinal) && path.IndexOf('/', Adoption.Length) == path.Length - 1
                && !path.Contains('{', StringComparison.Ordinal))
            .ToDictionary(path => path[Adoption.Length..^1], path => path, StringComparer.Ordinal),
        StringComparer.Ordinal);

    static IResult Answer(HttpContext context, SortedDictionary<string, string> paths)
    {
        var url = PublicUrl.Of(context.Request);
        return Results.Json(paths.ToDictionary(p => p.Key, p => url + p.Value, StringComparer.Ordinal), Json.DictionaryStringString);
    }
}

[JsonSerializable(typeof(Dictionary<string, string>))]
sealed partial class ApiLinksJson : JsonSerializerContext;

using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Http;

/// <summary>The room of errors, pages, limits, links and the OpenAPI document.</summary>
static class HttpRoom
{
    /// <param name="fragments">See <see cref="ApiDescription.AddApiDescription"/>.</param>
    public static IServiceCollection AddHttp(
        this IServiceCollection services, IConfiguration configuration, params IReadOnlyList<string> fragments) => services
        .AddOptions<HttpOptions>().Bind(configuration.GetSection(HttpOptions.Section)).Validate(
            o => o.IsValid,
            "The setting Http__CorsOrigins is empty, or origins with commas between them, each an http or https address without a path, "
            + "or *.").ValidateOnStart().Services
        .Configure<KestrelServerOptions>(RequestLimits.Raise)
        .AddCrossOrigin()
        .AddApiDescription(fragments);
}

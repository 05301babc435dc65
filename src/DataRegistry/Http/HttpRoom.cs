using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Http;

/// <summary>The room of what all requests and answers have in common.</summary>
static class HttpRoom
{
    /// <param name="fragments">See <see cref="ApiDescription.AddApiDescription"/>.</param>
    public static IServiceCollection AddHttp(
        this IServiceCollection services, IConfiguration configuration, params IReadOnlyList<string> fragments) => services
        .Configure<HttpOptions>(configuration.GetSection(HttpOptions.Section))
        .Configure<KestrelServerOptions>(RequestLimits.Raise)
        .AddApiDescription(fragments);
}

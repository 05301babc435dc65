using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DataRegistry.Http;

/// <summary>
/// Lets pages of the origins of <see cref="HttpOptions.CorsOrigins"/> use the API from a browser (CORS). No credentials of the browser are
/// accepted: a page sends its own token. The console has the same origin and does not need CORS.
/// </summary>
static class CrossOrigin
{
    /// <summary>Headers that a page may read.</summary>
    static readonly string[] Exposed = ["Location", "Retry-After", "X-Request-Id"];

    static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    public static IServiceCollection AddCrossOrigin(this IServiceCollection services)
    {
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<HttpOptions>>((cors, http) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. http.Value.Origins()]).AllowAnyMethod().AllowAnyHeader()
            .WithExposedHeaders(Exposed).SetPreflightMaxAge(Remembered)));
        return services;
    }

    /// <summary>Runs before routing, because no endpoint answers a preflight request (OPTIONS).</summary>
    public static IApplicationBuilder UseCrossOrigin(this IApplicationBuilder app) =>
        app.ApplicationServices.GetRequiredService<IOptions<HttpOptions>>().Value.Origins().Any()
            ? app.UseWhen(context => context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
                || context.Request.Path.StartsWithSegments("/openapi", StringComparison.OrdinalIgnoreCase), api => api.UseCors())
            : app;
}

using DataRegistry.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Health;

/// <summary>The room of the health checks.</summary>
static class HealthRoom
{
    public static IServiceCollection AddHealth(this IServiceCollection services) => services.AddSingleton<Readiness>();

    public static void MapHealth(this Api api) => api.Root.MapGroup("/api/health").MapHealth();
}

using DataRegistry.Access;
using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>The room of adoption: it turns objects into datums.</summary>
static class AdoptionRoom
{
    public static IServiceCollection AddAdoption(this IServiceCollection services)
    {
        services.AddSingleton(s => new ObjectFinder(s.GetRequiredService<IOptions<JobOptions>>().Value.HeadsInFlight));
        services.AddSingleton<ChangeFinder>().AddSingleton<Adopter>().AddSingleton<ImmediateAdoption>().AddSingleton<DryRun>();
        services.AddSingleton<AdoptionRequests>().AddSingleton<AdoptionRetry>().AddSingleton<AdoptionJobs>().AddSingleton<CreatedResults>();
        services.AddSingleton<AdoptionServices>().AddSingleton<AdoptionKeys>().AddSingleton<ManifestStaging>();
        services.AddSingleton<WindowReaders>().AddSingleton<WindowWriter>().AddSingleton<IJobKind, AdoptionKind>();
        return services.AddSingleton<DatumVersions>().AddSingleton<DatumTrace>();
    }

    public static void MapAdoption(this Api api)
    {
        api.V0.MapAdoption();
        api.V0.MapAdoptionJobs();
        api.V0.MapTrace();
    }
}

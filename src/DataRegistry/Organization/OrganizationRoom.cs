using DataRegistry.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Organization;

/// <summary>The room of clusters, departments and projects.</summary>
static class OrganizationRoom
{
    public static IServiceCollection AddOrganization(this IServiceCollection services) =>
        services.AddTable<ProjectTable>().AddTable<UnitTable>();
}

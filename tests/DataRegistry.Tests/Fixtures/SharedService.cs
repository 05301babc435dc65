using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Fixtures;

/// <summary>One service for all tests of a class. They must not depend on each other's rows.</summary>
public class SharedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public virtual async Task InitializeAsync() => Service = await TestService.StartAsync(null, null, Replace);

    public async Task DisposeAsync() => await Service.DisposeAsync();

    /// <summary>Registers replacements of the service's own parts.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }
}

using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// One service for all tests of a class. They must not depend on each other's rows. A test that needs a project, a store and a bucket for
/// itself begins with <see cref="ForTestAsync"/>.
/// </summary>
public class SharedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    /// <summary>Settings of the service, before it starts.</summary>
    protected virtual (string Setting, string Value)[] Settings => [];

    public virtual async Task InitializeAsync() => Service = await TestService.StartAsync(null, null, Replace, Settings);

    public virtual async Task DisposeAsync() => await Service.DisposeAsync();

    public Task<TestService> ForTestAsync() => Service.ForTestAsync();

    /// <summary>Registers replacements of the service's own parts.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }
}

using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// One service for all tests of a class. A test that needs a project, a store and a bucket for itself begins with <see
/// cref="ForTestAsync"/>. Names of users, stores, volumes and units must differ from those of other tests. Lists of all projects, and
/// aliases without a project, include what other tests made.
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

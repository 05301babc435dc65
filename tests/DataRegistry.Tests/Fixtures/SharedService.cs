namespace DataRegistry.Tests.Fixtures;

/// <summary>One service for all tests of a class, which must not depend on each other's rows.</summary>
public sealed class SharedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public async Task InitializeAsync() => Service = await TestService.StartAsync();

    public async Task DisposeAsync() => await Service.DisposeAsync();
}

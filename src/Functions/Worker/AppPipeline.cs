namespace DataRegistry.Functions.Worker;

/// <summary>The app's own middleware and endpoints as one delegate, which every HTTP function runs.</summary>
sealed class AppPipeline(IServiceProvider services, StorageReady storage)
{
    readonly RequestDelegate app = new ApplicationBuilder(services).Use(storage.DelayAsync).UseDataRegistry().Build();

    /// <summary>Answers the request; what it returns writes nothing more.</summary>
    public async Task<IResult> RunAsync(HttpRequest request)
    {
        // The function's own endpoint and route values have done their work; with them the app's routing would take its place for found.
        request.HttpContext.SetEndpoint(null);
        request.RouteValues.Clear();
        await app(request.HttpContext);
        return Results.Empty;
    }
}

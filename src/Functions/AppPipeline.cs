namespace DataRegistry.Functions;

/// <summary>The app's own middleware and endpoints as one delegate, which every HTTP function runs.</summary>
sealed class AppPipeline(IServiceProvider services, StorageReady storage)
{
    readonly RequestDelegate app = new ApplicationBuilder(services).Use(storage.DelayAsync).UseDataRegistry().Build();

    /// <summary>Answers the request; the result that it returns writes nothing more.</summary>
    public async Task<IResult> RunAsync(HttpRequest request)
    {
        // Remove the function's endpoint and route values: the app's routing would take them for its own match.
        request.HttpContext.SetEndpoint(null);
        request.RouteValues.Clear();
        try
        {
            await app(request.HttpContext);
        }
        catch (Exception) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The caller hung up. The host would log the exception three times.
        }

        return Results.Empty;
    }
}

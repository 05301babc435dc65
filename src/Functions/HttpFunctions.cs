using Microsoft.Azure.Functions.Worker;

namespace DataRegistry.Functions;

/// <summary>The public functions by area. They take every method; the routes below live in ASP.NET Core, which documents them.</summary>
sealed class HttpFunctions(AppPipeline app)
{
    [Function("Api")]
    public Task<IResult> Api([HttpTrigger(AuthorizationLevel.Anonymous, Route = "api")] HttpRequest request) => app.RunAsync(request);

    [Function("AdoptionApi")]
    public Task<IResult> AdoptionApi([HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/v0/{*path}")] HttpRequest request) =>
        app.RunAsync(request);

    [Function("DataVolumesApi")]
    public Task<IResult> DataVolumesApi([HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/v1/{*path}")] HttpRequest request) =>
        app.RunAsync(request);

    [Function("Health")]
    public Task<IResult> Health([HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/health/{*path}")] HttpRequest request) =>
        app.RunAsync(request);

    [Function("OpenApi")]
    public Task<IResult> OpenApi([HttpTrigger(AuthorizationLevel.Anonymous, Route = "openapi/{*path}")] HttpRequest request) =>
        app.RunAsync(request);

    [Function("Console")]
    public Task<IResult> Console([HttpTrigger(AuthorizationLevel.Anonymous, Route = "console/{*path}")] HttpRequest request) =>
        app.RunAsync(request);
}

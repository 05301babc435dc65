using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace DataRegistry.Http;

/// <summary>
/// The OpenAPI document as it is sent. Generating it takes a tenth of a second, so the first request makes it, and it is kept compressed.
/// It is the same for every request.
/// </summary>
sealed class ApiDocument(IOpenApiDocumentProvider provider, OpenApiSpecVersion version)
{
    const string ContentType = "application/json;charset=utf-8";

    readonly Lock gate = new();
    Task<EncodedContent>? making;

    public static IEndpointConventionBuilder Map(IEndpointRouteBuilder app)
    {
        var documents = app.MapGroup("/openapi");
        foreach (var name in new[] { ApiDescription.DocumentName, ApiDescription.OlderDocumentName })
        {
            documents.MapGet($"/{name}.json",
                (HttpContext context, IServiceProvider services) =>
                    services.GetRequiredKeyedService<ApiDocument>(name).AnswerAsync(context));
        }

        return documents.ExcludeFromDescription();
    }

    async Task<IResult> AnswerAsync(HttpContext context)
    {
        var document = await Made().WaitAsync(context.RequestAborted);
        // A client asks each time whether the document has changed. It changes with the version of the service.
        context.Response.Headers.CacheControl = "no-cache";
        return document.Answer(context, ContentType);
    }

    /// <summary>Concurrent requests wait for the same document. After a failure the next request tries again.</summary>
    Task<EncodedContent> Made()
    {
        lock (gate)
            return making = making is null or { IsFaulted: true } ? MakeAsync() : making;
    }

    async Task<EncodedContent> MakeAsync()
    {
        // The caller holds the lock.
        await Task.Yield();
        var document = await provider.GetOpenApiDocumentAsync(CancellationToken.None);
        using var text = new MemoryStream();
        await document.SerializeAsync(
            text, version, OpenApiConstants.Json, new OpenApiJsonWriterSettings { Terse = true },
            CancellationToken.None);
        return EncodedContent.OfDocument(text.ToArray());
    }
}

using Microsoft.AspNetCore.Builder;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace DataRegistry.Http;

/// <summary>
/// The OpenAPI document as a page to read and try, <c>/openapi/</c>. All of its files come from this service.
/// </summary>
public static class ApiPage
{
    const string Path = "openapi";

    /// <summary>
    /// Allows only files of this service. The pictures of Swagger UI are in its style sheet. The hash is that of the style inside its logo;
    /// the logo of another version would be dark.
    /// </summary>
    const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' "
            + "data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static IApplicationBuilder UseApiPage(this IApplicationBuilder app) => app
        .UseWhen(
            context => context.Request.Path.StartsWithSegments("/" + Path, StringComparison.OrdinalIgnoreCase),
            page => page.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            return next(context);
        }))
        .UseSwaggerUI(page =>
        {
            page.RoutePrefix = Path;
            page.DocumentTitle = "Data Registry API";
            page.SwaggerEndpoint($"/{Path}/{ApiDescription.DocumentName}.json", "Data Registry");
            page.SwaggerEndpoint($"/{Path}/{ApiDescription.OlderDocumentName}.json", "Data Registry, in OpenAPI 3.0");
            page.EnableDeepLinking();
            // The page shows the areas first, in the order of the document.
            page.DocExpansion(DocExpansion.None);
        });
}

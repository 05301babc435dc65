using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.WebConsole;

/// <summary>
/// The web console at <c>/console/</c>, a page that uses the public API. It needs no token to load, and contains no
/// data.
/// </summary>
static class ConsoleEndpoints
{
    const string Path = "/console";

    /// <summary>Allows only this service's own files, no inline script or style, and no frame around the page.</summary>
    const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri "
            + "'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>All services of a process share them. A file is compressed when the first request comes for it.</summary>
    static readonly Lazy<ConsoleFiles> Files = new(ConsoleFiles.Embedded);

    public static void MapConsole(this IEndpointRouteBuilder app) =>
        app.MapGet($"{Path}/{{**path}}", (HttpContext context, string? path) => Get(context, path ?? "")).AllowAnonymous();

    static IResult Get(HttpContext context, string path)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        // The page names its files relative to a folder.
        if (path.Length == 0 && context.Request.Path.Value?.EndsWith('/') != true)
            return Results.Redirect($"{context.Request.PathBase}{Path}/{context.Request.QueryString}");
        if (Files.Value.Find(path) is not ({ } file, var forever))
            return IsOpened(context.Request) ? Results.Redirect(AddressOf(context.Request))
                : Results.StatusCode(StatusCodes.Status404NotFound);
        if (forever)
            headers.CacheControl = "public, max-age=31536000, immutable";
        return file.Encoded.Answer(context, file.ContentType);
    }

    /// <summary>Whether a person opens the address: browsers name this type then, and not for a page's own files.</summary>
    static bool IsOpened(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && a.Quality != 0);

    /// <summary>The same address as the console spells it, behind the <c>#</c>. If it has no such page, it says so.</summary>
    static string AddressOf(HttpRequest request)
    {
        request.Path.StartsWithSegments(Path, StringComparison.OrdinalIgnoreCase, out var rest);
        return $"{request.PathBase}{Path}/#{rest.ToUriComponent()}{request.QueryString}";
    }
}

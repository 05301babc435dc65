using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DataRegistry.Http;

/// <summary>Settings <c>Http__…</c>.</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>
    /// Scheme and host that links in answers begin with, e.g. <c>https://registry.example.org</c>; without it, those of the request.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>
    /// The origins whose pages may use the API from a browser, separated by commas; <c>*</c> for all, empty for none.
    /// </summary>
    public string CorsOrigins { get; set; } = "";

    internal bool IsValid => Origins().All(origin => origin == "*"
        || (Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url.GetLeftPart(UriPartial.Authority) == origin));

    /// <summary>The origins as browsers name them, without a slash at the end.</summary>
    internal IEnumerable<string> Origins() =>
        CorsOrigins.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(o => o.TrimEnd('/'));
}

public static class PublicUrl
{
    /// <summary>
    /// Scheme and host, without a slash at the end. The Functions host keeps the caller's Host header, and Azure's front end says in
    /// X-Forwarded-Proto that the caller came by https. A caller that forges them only misleads itself.
    /// </summary>
    public static string Of(HttpRequest request) =>
        request.HttpContext.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value.PublicUrl is { Length: > 0 } url
            ? url.TrimEnd('/')
            : $"{(request.Headers["X-Forwarded-Proto"] == "https" ? "https" : request.Scheme)}://{request.Host}";
}

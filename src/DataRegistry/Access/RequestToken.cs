using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>The token that a request came with, as <c>Authorization: Token …</c> or <c>Bearer …</c>, alike.</summary>
static class RequestToken
{
    /// <summary>No token that anybody needs is longer.</summary>
    const int MaxLength = 16 * 1024;

    const int JwtDots = 2;

    static readonly string[] Schemes = ["Token ", "Bearer "];

    /// <summary>Null where the request has none. Several headers are one text, which is no good token.</summary>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return Array.Find(Schemes, s => header.StartsWith(s, StringComparison.OrdinalIgnoreCase)) is { } scheme
            ? header[scheme.Length..].Trim()
            : null;
    }

    /// <summary>Whether it has the form of a signed JWT.</summary>
    public static bool IsJwt(string text) => text.Length <= MaxLength && text.AsSpan().Count('.') == JwtDots;

    /// <summary>Nothing in it is checked. Null where it cannot be read.</summary>
    public static JsonWebToken? ReadJwt(string text)
    {
        try
        {
            return new(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            return null;
        }
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>The token of a request: <c>Authorization: Token …</c> or <c>Bearer …</c>.</summary>
static class RequestToken
{
    /// <summary>The most characters of a token. Longer ones are not read.</summary>
    const int MaxLength = 16 * 1024;

    const int JwtDots = 2;

    static readonly string[] Schemes = ["Token ", "Bearer "];

    /// <summary>Null if the request has none. Several headers make one text, which is not a valid token.</summary>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return Array.Find(Schemes, s => header.StartsWith(s, StringComparison.OrdinalIgnoreCase)) is { } scheme
            ? header[scheme.Length..].Trim()
            : null;
    }

    /// <summary>Whether it has the form of a signed JWT.</summary>
    public static bool IsJwt(string text) => text.Length <= MaxLength && text.AsSpan().Count('.') == JwtDots;

    /// <summary>Reads a JWT without any check. Null if it is unreadable.</summary>
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

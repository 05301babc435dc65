using System.Security.Cryptography;
using System.Text;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Lets requests in by <c>Authorization: Token …</c> or <c>Bearer …</c>, alike; anything else is 401. The token is compared as a
/// hash, in constant time.
/// </summary>
public sealed class Authentication(IOptions<AccessOptions> options) : IEndpointFilter
{
    static readonly string[] Schemes = ["Token ", "Bearer "];

    readonly byte[]? administrator = options.Value.AdministratorToken is { Length: > 0 } token
        ? Hash(token.Length >= AccessOptions.MinTokenLength ? token : throw new InvalidOperationException(
            $"The setting Access__AdministratorToken has fewer than {AccessOptions.MinTokenLength} characters. Generate a longer one."))
        : null;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var header = http.Request.Headers.Authorization.ToString();
        var scheme = Array.Find(Schemes, s => header.StartsWith(s, StringComparison.OrdinalIgnoreCase));
        if (scheme is null)
            throw Refused("Authentication credentials were not provided.");
        if (administrator is null || !CryptographicOperations.FixedTimeEquals(Hash(header[scheme.Length..].Trim()), administrator))
            throw Refused("Invalid token.");
        http.Items[typeof(Caller)] = Caller.Administrator;
        return await next(context);

        ApiException Refused(string detail)
        {
            http.Response.Headers.WWWAuthenticate = "Token";
            return new(new ApiError.Detail(StatusCodes.Status401Unauthorized, detail));
        }
    }

    static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

using System.Security.Cryptography;
using System.Text;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Lets requests in by <c>Authorization: Token …</c> or <c>Bearer …</c>, alike; anything else is 401. A revoked token is of no use
/// at once, a disabled subject's within <see cref="AccessOptions.CachedFor"/>.
/// </summary>
public sealed class Authentication(TokenTable tokens, SubjectTable subjects, IOptions<AccessOptions> options) : IEndpointFilter
{
    static readonly string[] Schemes = ["Token ", "Bearer "];

    readonly byte[]? administrator = options.Value.AdministratorToken is { Length: > 0 } token
        ? Hash(token.Length >= AccessOptions.MinTokenLength ? token : throw new InvalidOperationException(
            $"The setting Access__AdministratorToken has fewer than {AccessOptions.MinTokenLength} characters. Generate a longer one."))
        : null;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var (caller, refusal) = await AuthenticateAsync(context.HttpContext);
        if (caller is null)
        {
            context.HttpContext.Response.Headers.WWWAuthenticate = "Token";
            throw new ApiException(new ApiError.Detail(StatusCodes.Status401Unauthorized, refusal!));
        }

        return await next(context);
    }

    /// <summary>The caller, from now on also <see cref="Caller.Of"/> the context, or why there is none.</summary>
    public async Task<(Caller? Caller, string? Refusal)> AuthenticateAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var scheme = Array.Find(Schemes, s => header.StartsWith(s, StringComparison.OrdinalIgnoreCase));
        if (scheme is null)
            return (null, "Authentication credentials were not provided.");
        var (caller, refusal) = await CallerOfAsync(header[scheme.Length..].Trim(), context.RequestAborted);
        if (caller is not null)
            context.Items[typeof(Caller)] = caller;
        return (caller, refusal);
    }

    async Task<(Caller? Caller, string? Refusal)> CallerOfAsync(string text, CancellationToken cancellationToken)
    {
        if (administrator is not null && CryptographicOperations.FixedTimeEquals(Hash(text), administrator))
            return (Caller.Administrator, null);
        if (!AccessToken.TryParse(text, out var token) || await tokens.FindAsync(token, cancellationToken) is not { } row)
            return (null, "Invalid token.");
        // Tokens that the administrator made for itself go with the setting.
        if (row.Subject == Caller.AdministratorId && administrator is null)
            return (null, "User inactive or deleted.");
        var subject = row.Subject == Caller.AdministratorId ? null : await subjects.FindRecentAsync(row.Subject, cancellationToken);
        if (row.Subject != Caller.AdministratorId && subject is not { Disabled: false })
            return (null, "User inactive or deleted.");
        await tokens.NoteUseAsync(row, cancellationToken);
        return (new(row.Subject, subject?.Username ?? Caller.AdministratorName, subject?.Kind ?? SubjectKind.User, row.Id, row.ProjectIds()), null);
    }

    static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

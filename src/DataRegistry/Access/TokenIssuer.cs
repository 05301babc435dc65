using DataRegistry.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Creates tokens for callers. The token that the caller signed in with decides which:
/// <code>
/// the administrator's token of the settings, a token without an end   any token
/// a log-in's token, a JWT of the identity provider                    tokens that end within Access__MaxTokenDays
/// another token with an end, a JWT for client credentials             tokens that end no later, and end when it is revoked
/// a token for projects                                                none
/// </code>
/// The same holds for tokens of service accounts. Otherwise a token with an end could create one without.
/// </summary>
sealed class TokenIssuer(TokenTable tokens, SubjectTable subjects, TimeProvider clock, IOptions<AccessOptions> options)
{
    /// <summary>The longest chain of tokens that created one another. Each costs a read with every request.</summary>
    const int MaxGeneration = 4;

    /// <summary>Checks the end of a new token. A wrong one ends the request with 400.</summary>
    /// <param name="expires">Null for never.</param>
    public DateTimeOffset? RequireEnd(Caller caller, DateTimeOffset? expires)
    {
        if (expires <= clock.GetUtcNow())
            throw AccessErrors.ExpiryInThePast.On("expires");
        if (LatestEndOf(caller) is not { } end || expires <= end)
            return expires;
        throw caller.Credential.IsLogIn
            ? AccessErrors.EndOfLogInsToken.On("expires", options.Value.MaxTokenDays)
            : AccessErrors.EndOfTokensToken.On("expires", WireJson.Text(end));
    }

    /// <summary>The latest end of a token that the caller creates now; null if any end, or none, is allowed.</summary>
    public DateTimeOffset? LatestEndOf(Caller caller) =>
        caller.Credential.IsLogIn ? clock.GetUtcNow().AddDays(options.Value.MaxTokenDays) : caller.Credential.Expires;

    /// <summary>Creates the token. Ends the request if the caller may not create it, or if its owner has too many.</summary>
    /// <param name="token">A token of the caller or of a service account, with an end that <see cref="RequireEnd"/> allows.</param>
    public async Task<(AccessToken Token, TokenListRow Row)> CreateAsync(Caller caller, NewToken token, CancellationToken cancellationToken)
    {
        if (caller.Credential is { Binds: true } credential)
        {
            if (credential.Generation == MaxGeneration)
                throw AccessErrors.TooManyGenerations.With(MaxGeneration);
            token = token with { Parent = credential.Hash, Generation = credential.Generation + 1 };
        }

        var made = await tokens.CreateAsync(token, cancellationToken) ?? throw AccessErrors.TooManyTokens.With(TokenTable.MaxTokens);
        // Disabling a user revokes all tokens, and may have missed this one.
        if (token.Subject == caller.Id && caller.Id != Caller.AdministratorId
            && await subjects.FindAsync(caller.Id, cancellationToken) is not { Disabled: false })
        {
            await tokens.RevokeAsync(made.Row, cancellationToken);
            throw AccessErrors.TokenRefused.With(ApiTokens.Inactive);
        }

        return made;
    }
}

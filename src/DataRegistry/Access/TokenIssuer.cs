using DataRegistry.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Makes tokens for callers. What the caller signed in with decides which:
/// <code>
/// the administrator's token of the settings, a token without an end   any token
/// a log-in's token, a JWT of the identity provider                    tokens that end within Access__MaxTokenDays
/// another token with an end, a JWT for client credentials             tokens that end no later; they end with it when it is revoked, too
/// a token for projects                                                none: it cannot handle tokens at all
/// </code>
/// The same holds for tokens of service accounts, else a token that ends could make one that does not.
/// </summary>
sealed class TokenIssuer(TokenTable tokens, SubjectTable subjects, TimeProvider clock, IOptions<AccessOptions> options)
{
    /// <summary>Of tokens that were made with one another, each costs a read with every request.</summary>
    const int MaxGeneration = 4;

    /// <summary>The end that a token of the caller may have. Ends the request with 400 for any other.</summary>
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

    /// <summary>The latest end of a token that the caller makes now; null for any end, and for none.</summary>
    public DateTimeOffset? LatestEndOf(Caller caller) =>
        caller.Credential.IsLogIn ? clock.GetUtcNow().AddDays(options.Value.MaxTokenDays) : caller.Credential.Expires;

    /// <summary>Ends the request where the caller may not make such a token, or its owner has too many.</summary>
    /// <param name="token">Of the caller, or of a service account. Its end is one that <see cref="RequireEnd"/> allows.</param>
    public async Task<(AccessToken Token, TokenListRow Row)> CreateAsync(Caller caller, NewToken token, CancellationToken cancellationToken)
    {
        if (caller.Credential is { Binds: true } credential)
        {
            if (credential.Generation == MaxGeneration)
                throw AccessErrors.TooManyGenerations.With(MaxGeneration);
            token = token with { Parent = credential.Hash, Generation = credential.Generation + 1 };
        }

        var made = await tokens.CreateAsync(token, cancellationToken) ?? throw AccessErrors.TooManyTokens.With(TokenTable.MaxTokens);
        // Disabling a user revokes all tokens. This one may have come too late for that.
        if (token.Subject == caller.Id && caller.Id != Caller.AdministratorId
            && await subjects.FindAsync(caller.Id, cancellationToken) is not { Disabled: false })
        {
            await tokens.RevokeAsync(made.Row, cancellationToken);
            throw AccessErrors.TokenRefused.With(ApiTokens.Inactive);
        }

        return made;
    }
}

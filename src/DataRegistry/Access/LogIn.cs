using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>The outcome of a log-in.</summary>
abstract record LogInOutcome
{
    LogInOutcome() { }

    /// <param name="Password">The hash of the password that was right.</param>
    public sealed record In(SubjectRow Subject, string Password) : LogInOutcome;

    /// <summary>The client's API token, to make a JWT for.</summary>
    public sealed record Client(SubjectRow Subject, TokenRow Token) : LogInOutcome;

    /// <summary>There is no such user, or the password is another, or the user is disabled: which is not told.</summary>
    public sealed record Refused : LogInOutcome;

    /// <summary>The name or the address has failed too often.</summary>
    public sealed record TooMany(TimeSpan RetryAfter) : LogInOutcome;
}

/// <summary>Users' log-ins with a password.</summary>
sealed class LogIn(SubjectTable subjects, TokenTable tokens, AttemptTable attempts, TimeProvider clock, IOptions<AccessOptions> options)
{
    public const string TokenName = "log-in";

    /// <summary>Whose name and password it is. Costs the same for a user that is not there.</summary>
    public async Task<LogInOutcome> WithPasswordAsync(
        string usernameText, string password, string address, CancellationToken cancellationToken)
    {
        var known = Username.TryParse(usernameText, out var username);
        var counted = known ? username.Key : usernameText;
        if (await attempts.BeginAsync(counted, address, cancellationToken) is { } wait)
            return new LogInOutcome.TooMany(wait);
        var name = known ? await subjects.FindNameAsync(username, cancellationToken) : null;
        if (!await Password.MatchesAsync(name?.Password, password, cancellationToken)
            || await subjects.FindAsync(name!.Subject, cancellationToken) is not { Disabled: false } subject)
        {
            return new LogInOutcome.Refused();
        }

        await attempts.SucceedAsync(counted, address, cancellationToken);
        return new LogInOutcome.In(subject, name.Password!);
    }

    /// <summary>
    /// Makes a token for the user who has logged in. Null where the user was disabled or got another password meanwhile: both revoke
    /// the tokens of log-ins, and this token may have come too late to be revoked.
    /// </summary>
    public async Task<(AccessToken Token, TokenListRow Row)?> CreateTokenAsync(LogInOutcome.In logIn, CancellationToken cancellationToken)
    {
        var subject = logIn.Subject;
        await tokens.RemoveOverAsync(subject.Id, cancellationToken);
        var end = clock.GetUtcNow().AddHours(options.Value.LogInTokenHours);
        var token = new NewToken(subject.Id, TokenName, end, Projects: null) { LogIn = true };
        var made = await tokens.CreateAsync(token, cancellationToken) ?? throw AccessErrors.TooManyTokens.With(TokenTable.MaxTokens);
        if ((await subjects.FindNameAsync(subject.Name, cancellationToken))?.Password == logIn.Password
            && await subjects.FindAsync(subject.Id, cancellationToken) is { Disabled: false })
        {
            return made;
        }

        await tokens.RevokeAsync(made.Row, cancellationToken);
        return null;
    }

    /// <summary>
    /// The API token that is a client's secret. The client is its owner: named by its id, or by its name in any case.
    /// A right secret is never limited: secrets are random, so guessing is hopeless, and a stranger who knows the client's id cannot keep
    /// the client out. Failures are limited by client and address together.
    /// </summary>
    public async Task<LogInOutcome> WithClientSecretAsync(string client, string secret, string address, CancellationToken cancellationToken)
    {
        var row = AccessToken.TryParse(secret, out var token) ? await tokens.FindAsync(token.Hash, cancellationToken) : null;
        var subject = row is null ? null : await subjects.FindAsync(row.Subject, cancellationToken);
        if (subject is { Disabled: false }
            && (Guid.TryParse(client, out var id)
                ? id == subject.Id
                : Username.TryParse(client, out var name) && name.Key == subject.Name.Key))
        {
            return new LogInOutcome.Client(subject, row!);
        }

        // With a space it is no user's name: who fails here keeps nobody from logging in with a password.
        return await attempts.BeginAsync($"client {client.ToLowerInvariant()} {address}", address, cancellationToken) is { } wait
            ? new LogInOutcome.TooMany(wait)
            : new LogInOutcome.Refused();
    }

    /// <summary>Whether it is the user's password; limited like a log-in, of which it is one more way.</summary>
    public async Task<LogInOutcome?> ConfirmAsync(SubjectRow subject, string password, string address, CancellationToken cancellationToken)
    {
        if (await attempts.BeginAsync(subject.Name.Key, address, cancellationToken) is { } wait)
            return new LogInOutcome.TooMany(wait);
        if (!await Password.MatchesAsync(
            (await subjects.FindNameAsync(subject.Name, cancellationToken))?.Password, password, cancellationToken))
            return new LogInOutcome.Refused();
        await attempts.SucceedAsync(subject.Name.Key, address, cancellationToken);
        return null;
    }
}

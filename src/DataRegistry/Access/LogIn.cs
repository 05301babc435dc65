using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>The outcome of a log-in.</summary>
abstract record LogInOutcome
{
    LogInOutcome() { }

    /// <param name="Password">The hash of the right password.</param>
    public sealed record In(SubjectRow Subject, string Password) : LogInOutcome;

    /// <summary>The API token of the client, for a JWT.</summary>
    public sealed record Client(SubjectRow Subject, TokenRow Token) : LogInOutcome;

    /// <summary>The user does not exist or is disabled, or the password is wrong. Callers are not told which.</summary>
    public sealed record Refused : LogInOutcome;

    /// <summary>The name or the address has too many failed log-ins.</summary>
    public sealed record TooMany(TimeSpan RetryAfter) : LogInOutcome;
}

/// <summary>Users' log-ins with a password.</summary>
sealed class LogIn(SubjectTable subjects, TokenTable tokens, AttemptTable attempts, TimeProvider clock, IOptions<AccessOptions> options)
{
    public const string TokenName = "log-in";

    /// <summary>Finds the user of a name and a password. An unknown user costs the same time.</summary>
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
    /// Creates a token for the user. Null if the user was disabled or got another password meanwhile. Both revoke the tokens of log-ins,
    /// and may have missed this one.
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
    /// Finds the API token that is the secret of a client. The client is its owner, named by its id, or by its name in any case.
    /// A right secret is never limited. Secrets are random, so guessing is hopeless, and a stranger with the client's id cannot lock the
    /// client out. Failures are limited by client and address together.
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

        // No user name has a space, so failures here do not count for log-ins with a password.
        return await attempts.BeginAsync($"client {client.ToLowerInvariant()} {address}", address, cancellationToken) is { } wait
            ? new LogInOutcome.TooMany(wait)
            : new LogInOutcome.Refused();
    }

    /// <summary>Whether the password is that of the user. It is limited like a log-in.</summary>
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

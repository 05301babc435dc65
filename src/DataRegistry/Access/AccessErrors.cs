using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

/// <summary>Errors of signing in, of permissions, and of the organization's endpoints.</summary>
static class AccessErrors
{
    /// <summary>Errors of every endpoint that needs a token.</summary>
    public static IReadOnlyList<ErrorKind> OfEveryCaller => [NotAuthenticated, TokenRefused, TooManyRequests, KeysUnavailable];

    public static DetailError NotPermitted { get; } = new(
        StatusCodes.Status403Forbidden, "You do not have permission to perform this action.",
        "The caller has no role at this scope that allows the operation, or the token does not reach it.");

    public static DetailError NotAuthenticated { get; } = new(
        StatusCodes.Status401Unauthorized, "Authentication credentials were not provided.", "The request has no token.");

    public static DetailError TokenRefused { get; } = new(
        StatusCodes.Status401Unauthorized, "{reason}",
        "The token is unknown, expired or malformed, or its user is disabled. The message says which.");

    public static DetailError KeysUnavailable { get; } = new(
        StatusCodes.Status503ServiceUnavailable,
        "The identity provider that issued this token cannot be asked for its keys. Please try again in a "
        + "few seconds.",
        "The identity provider does not answer, so the token cannot be checked.");

    public static DetailError TooManyRequests { get; } = new(
        StatusCodes.Status429TooManyRequests, "Too many requests. Try again in {seconds} s.",
        "A limit of requests is reached. `Retry-After` says when to try again.");

    public static DetailError TooManyLogIns { get; } = new(
        StatusCodes.Status429TooManyRequests, "Too many failed log-ins. Try again later.",
        "The user name or the address has too many failed log-ins. `Retry-After` says when to try again.");

    public static DetailError FormExpected { get; } = new(
        StatusCodes.Status415UnsupportedMediaType, "Unsupported media type in request. Send application/x-www-form-urlencoded.",
        "A log-in is a form.");

    public static FieldError LogInRefused { get; } = new(
        "authorization", "Unable to log in with provided credentials.",
        "The user name or the password is wrong, or the user is disabled.");

    public static DetailError ClientRefused { get; } = new(
        StatusCodes.Status401Unauthorized, "The client id or the client secret is wrong.", "The secret is not a token of this client.");

    public static DetailError NoSigningKey { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "The service has no key to sign tokens with: the setting Access__SigningKey is missing.",
        "The operator has to set the key.");

    public static FieldError NotAGrant { get; } = new(
        "invalid_choice", "client_credentials is expected.", "The grant type is not supported.");

    public static FieldError NotAText { get; } = new("invalid", "A text is expected.", "The value is not a text.");

    public static FieldError NotAServiceAccount { get; } = new(
        "invalid", "The id of a service account is expected. Users create their own tokens.",
        "Administrators create tokens only for service accounts.");

    public static FieldError ExpiryInThePast { get; } = new(
        "invalid", "A time in the future is expected.", "The token would have expired already.");

    public static FieldError EndOfLogInsToken { get; } = new(
        "invalid", "A token made after a log-in ends within {days} days (Access__MaxTokenDays). Give an earlier 'expires'.",
        "After a log-in, or with a token of the identity provider, `expires` has to be within this time.");

    public static FieldError EndOfTokensToken { get; } = new(
        "invalid", "A token cannot create one that outlives it. Give 'expires', at most {end}.",
        "With a token that ends, `expires` is required, and may not be later.");

    public static DetailError TooManyGenerations { get; } = new(
        StatusCodes.Status400BadRequest,
        "This token ends a chain of {max} tokens that created one another. Use an earlier one of the chain.",
        "Use an earlier token of the chain.");

    public static DetailError TooManyTokens { get; } = new(
        StatusCodes.Status400BadRequest, "A user or service account has at most {max} tokens. Revoke some of them first.",
        "Revoke unused tokens.");

    public static FieldError ProjectsOfToken { get; } = new(
        "invalid", "1 to {max} projects are expected. Leave the field out for all projects.",
        "A token is limited to a few projects, or not at all.");

    public static FieldError NotAUsername { get; } = new(
        "invalid", Username.Requirement, "The user name has characters that it may not have, or too many.");

    public static FieldError UsernameTaken { get; } = new(
        "unique", "A user with that username already exists.", "Another user has this name.");

    public static FieldError NoPasswordForServiceAccount { get; } = new(
        "invalid", "A service account has tokens, no password.", "A service account does not log in.");

    public static FieldError OwnAccountStaysEnabled { get; } = new(
        "invalid", "You cannot disable your own account.", "Another administrator has to do it.");

    public static FieldError OnlyAdministratorDisables { get; } = new(
        "invalid", "Only an administrator can change this.", "Only an administrator can disable users.");

    public static FieldError WrongPassword { get; } = new(
        "invalid", "This is not the current password.", "A new password of your own needs the current one.");

    public static DetailError OwnAccountStays { get; } = new(
        StatusCodes.Status400BadRequest, "You cannot delete your own account.", "Another administrator has to do it.");

    public static FieldError SystemHasNoId { get; } = new(
        "invalid", "The system has no scope id.", "A role at the system has no scope id.");

    public static FieldError NoScope { get; } = new(
        "does_not_exist", "There is no {kind} {id}.", "The scope of the role does not exist.");

    public static DetailError TooManyRoles { get; } = new(
        StatusCodes.Status400BadRequest, "A user or service account has at most {max} roles. Remove one before giving another.",
        "The subject has too many roles.");

    public static FieldError ProjectKeepsDepartment { get; } = new(
        "invalid", "A project stays in its department.", "A project cannot be moved.");

    public static DetailError ProjectInUse { get; } = new(
        StatusCodes.Status409Conflict, "The project '{project}' has {contents}.",
        "The project is not empty. The message says what it holds.");

    public static DetailError DefaultClusterStays { get; } = new(
        StatusCodes.Status409Conflict, "The default cluster cannot be deleted.", "The default cluster always exists.");

    public static DetailError ClusterInUse { get; } = new(
        StatusCodes.Status409Conflict, "The cluster '{cluster}' has departments.", "Delete its departments first.");

    public static DetailError DefaultDepartmentStays { get; } = new(
        StatusCodes.Status409Conflict, "The default department cannot be deleted.", "The default department always exists.");

    public static DetailError DepartmentInUse { get; } = new(
        StatusCodes.Status409Conflict, "The department '{department}' has projects.", "Delete its projects first.");
}

using System.Net;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace DataRegistry.Stores.S3;

/// <summary>
/// A session of a store's role. It is renewed in the background before it ends. If it has ended, the first caller
/// renews it and the others wait.
/// </summary>
sealed class RoleCredentials : RefreshingAWSCredentials
{
    /// <summary>An hour: every role allows it, even one that another role assumes.</summary>
    const int SessionSeconds = 3600;

    readonly StoreConfiguration store;
    readonly string session;
    readonly Func<IAmazonSecurityTokenService> connect;
    readonly WebIdentity? identity;

    /// <param name="connect">Makes a client that signs with credentials that may assume the role.</param>
    /// <param name="identity">Its token may assume the role, in place of a signature; null if none.</param>
    public RoleCredentials(Store store, Func<IAmazonSecurityTokenService> connect, WebIdentity? identity)
    {
        this.store = store.Configuration;
        // The store's id in the session's name shows in the account's own trail.
        session = identity is null ? "data-registry" : $"data-registry-{store.Id:D}";
        this.connect = connect;
        this.identity = identity;
        // Longer than a download's URL lives by default, so that the URL need not end early.
        PreemptExpiryTime = TimeSpan.FromMinutes(20);
    }

    protected override CredentialsRefreshState GenerateNewCredentials() => GenerateNewCredentialsAsync().GetAwaiter().GetResult();

    /// <exception cref="BucketException">The role cannot be assumed; the message names the change that is
    /// needed.</exception>
    protected override async Task<CredentialsRefreshState> GenerateNewCredentialsAsync()
    {
        try
        {
            var given = await AssumeAsync();
            if (given?.Expiration is { } over && over.ToUniversalTime() <= DateTime.UtcNow)
                throw new BucketException(
                    BucketFault.InvalidCredentials,
                    "The role's session ends as soon as it begins; correct the clock of the registry's host, or of the server.");
            return given is
            {
                AccessKeyId: { Length: > 0 } id, SecretAccessKey: { Length: > 0 } secret, SessionToken: { Length: > 0 } token,
                Expiration: { } end
            }
                ? new(new ImmutableCredentials(id, secret, token), end.ToUniversalTime())
                : throw new BucketException(
                    BucketFault.RoleRefused,
                    $"The server for bucket '{store.Bucket}' does not answer like a security token service (STS); leave 'role_arn' out.");
        }
        catch (Exception e) when (e is not BucketException)
        {
            throw Fault(e);
        }
    }

    async Task<Credentials?> AssumeAsync()
    {
        using var sts = connect();
        if (identity is null)
            return (await sts.AssumeRoleAsync(new()
            {
                RoleArn = store.RoleArn,
                RoleSessionName = session,
                ExternalId = store.ExternalId,
                DurationSeconds = SessionSeconds,
            })).Credentials;
        var token = await identity.TokenAsync();
        return (await sts.AssumeRoleWithWebIdentityAsync(new()
        {
            RoleArn = store.RoleArn,
            RoleSessionName = session,
            WebIdentityToken = token,
            DurationSeconds = SessionSeconds,
        })).Credentials;
    }

    /// <summary>
    /// Error codes: AWS Security Token Service API reference, AssumeRole, AssumeRoleWithWebIdentity and common errors; NoSuchEntity is
    /// Ceph's.
    /// </summary>
    BucketException Fault(Exception exception) => exception is not AmazonServiceException { StatusCode: not default(HttpStatusCode) } answer
        ? BucketFaults.From(exception, store.Bucket, store.Region)
        : answer.ErrorCode switch
        {
            "AccessDenied" when identity is not null => new(
                BucketFault.RoleRefused,
                $"The role '{store.RoleArn}' cannot be assumed {By}: its trust policy must allow sts:AssumeRoleWithWebIdentity to that "
                    + $"identity's 'sub', for the audience '{identity.Audience}'.",
                exception),
            "InvalidIdentityToken" or "IDPRejectedClaim" => new(
                BucketFault.RoleRefused,
                $"The role '{store.RoleArn}' cannot be assumed {By}: {answer.Message.TrimEnd('.')}. "
                    + $"Its account needs the identity's issuer as an OpenID Connect provider, with the audience '{identity?.Audience}'.",
                exception),
            "AccessDenied" => new(
                BucketFault.RoleRefused,
                $"The role '{store.RoleArn}' cannot be assumed {By}: its trust policy must allow that{(store.ExternalId is null
                    ? ""
                    : " with this external id")}, and so must a policy of the assuming identity (sts:AssumeRole).",
                exception),
            "NoSuchEntity" or "ValidationError" or "RegionDisabledException" =>
                new(BucketFault.RoleRefused, $"The role '{store.RoleArn}' cannot be assumed: {answer.Message}", exception),
            "InvalidClientTokenId" or "InvalidAccessKeyId" or "UnrecognizedClientException" => new(
                BucketFault.InvalidCredentials,
                "The server does not know the access key that assumes the role; give the store a valid access key.", exception),
            "SignatureDoesNotMatch" or "IncompleteSignature" => new(
                BucketFault.InvalidCredentials,
                "The secret access key that assumes the role does not belong to its access key id; give the store the right secret.",
                exception),
            "ExpiredToken" or "ExpiredTokenException" =>
                new(BucketFault.InvalidCredentials, "The credentials that assume the role have expired; renew them.", exception),
            "IDPCommunicationError" or "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "SlowDown"
                or "ServiceUnavailable" => new(
                BucketFault.Throttled, "The security token service asks us to slow down after our retries; try again later.", exception),
            _ when answer.StatusCode >= HttpStatusCode.InternalServerError && answer.StatusCode != HttpStatusCode.NotImplemented =>
                new(BucketFault.Unexpected, $"The security token service answered HTTP {(int)answer.StatusCode} to the role's assumption; "
                    + "try again later.", exception),
            var code =>
                new(BucketFault.RoleRefused, $"The role '{store.RoleArn}' cannot be assumed: the server answered HTTP "
                    + $"{(int)answer.StatusCode} {code}. It may not be a security token service (STS).", exception),
        };

    string By =>
        identity is not null
            ? "with the registry's own identity"
            : store.AccessKeyId is null ? "with the registry's own credentials" : "with the store's access key";
}

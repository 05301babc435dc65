using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Stores.S3;

/// <summary>
/// The app's own identity, whose token the security token service takes in place of a key (<c>AssumeRoleWithWebIdentity</c>). The
/// credential
/// keeps the token and renews it before it ends, so asking often costs no request.
/// </summary>
/// <param name="audience">Whom the tokens are for.</param>
/// <param name="endpoint">The one server besides Amazon's that may see them; null if none.</param>
public sealed partial class WebIdentity(TokenCredential credential, string audience, string? endpoint, ILogger<WebIdentity> logger)
{
    readonly TokenRequestContext request = new([$"{audience}/.default"]);

    public string Audience { get; } = audience;

    /// <summary>
    /// Whether the store is read by this identity: it has a role and no key of its own, and its server may see the token. Whoever has seen
    /// it
    /// could assume what trusts it, so it is sent to nobody else.
    /// </summary>
    public bool Serves(StoreConfiguration store) =>
        store is { RoleArn: not null, AccessKeyId: null } && (store.EndpointUrl is null || IsEndpoint(store.EndpointUrl, endpoint));

    /// <exception cref="BucketException">The identity has no token for the audience.</exception>
    public async Task<string> TokenAsync()
    {
        try
        {
            return (await credential.GetTokenAsync(request, default)).Token;
        }
        catch (AuthenticationFailedException e)
        {
            // Its own message tells of the host; that is for the log only.
            Log.NoToken(logger, Audience, e);
            throw new BucketException(
                BucketFault.InvalidCredentials,
                $"The registry's own identity gets no token for '{Audience}' to assume the role with; its operator finds the reason in the "
                    + "log, and the audience in the setting Stores__WebIdentityAudience.",
                e);
        }
    }

    public static bool IsEndpoint(string endpoint, string? allowed) =>
        allowed is { Length: > 0 } && endpoint.TrimEnd('/').Equals(allowed.TrimEnd('/'), StringComparison.Ordinal);

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The app's identity gets no token for {Audience}.")]
        public static partial void NoToken(ILogger logger, string audience, Exception exception);
    }
}

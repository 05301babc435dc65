using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Stores.S3;

/// <summary>
/// The app's own identity. The security token service accepts its token in place of a key
/// (<c>AssumeRoleWithWebIdentity</c>). The credential keeps the token and renews it before it ends, so most calls cost
/// no request.
/// </summary>
/// <param name="audience">The audience of the tokens.</param>
/// <param name="endpoint">The one server besides Amazon's that may see them; null if none.</param>
public sealed partial class WebIdentity(TokenCredential credential, string audience, string? endpoint, ILogger<WebIdentity> logger)
{
    readonly TokenRequestContext request = new([$"{audience}/.default"]);

    public string Audience { get; } = audience;

    /// <summary>
    /// Whether this identity reads the store: it has a role and no key, and its server may see the token. Any server
    /// that sees the token could assume every role that trusts it, so no other server gets it.
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
            // The credential's own message describes the host, so it goes to the log only.
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

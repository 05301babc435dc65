using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// The identity provider's keys, from its discovery document. They are kept, and read again behind the requests when they are old; a
/// request waits for them only where there are none yet, where its token names one that is not among them, or where nobody came for so
/// long that they are very old; while the provider fails, old ones go on. However many such
/// requests come, they are read by one at a time, and not again at once.
/// </summary>
sealed partial class OidcKeys(IOptions<OidcOptions> options, TimeProvider clock, ILogger<OidcKeys> logger) : IDisposable
{
    static readonly TimeSpan GoodFor = TimeSpan.FromHours(1);

    /// <summary>Keys that nobody came to have read again for so long are read before they are used.</summary>
    static readonly TimeSpan UnusedAfter = 2 * GoodFor;

    static readonly TimeSpan BetweenUnknownKeys = TimeSpan.FromMinutes(1);

    /// <summary>How long nobody tries again after a failure; what a client is told to wait.</summary>
    public static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    const int MaxDocumentBytes = 1024 * 1024;

    readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(options.Value.TimeoutSeconds), MaxResponseContentBufferSize = MaxDocumentBytes,
    };

    readonly Lock gate = new();
    IReadOnlyList<SecurityKey>? keys;
    DateTimeOffset tried = DateTimeOffset.MinValue;
    DateTimeOffset succeeded = DateTimeOffset.MinValue;
    bool failed;
    Task? reading;

    /// <summary>Keys to check a signature with, among which the named one may yet be missing; null where the provider cannot be asked.</summary>
    /// <param name="id">The token's <c>kid</c>; null or empty where it names none.</param>
    public async Task<IReadOnlyList<SecurityKey>?> ForAsync(string? id, CancellationToken cancellationToken)
    {
        Task? wait;
        bool known;
        lock (gate)
        {
            known = keys is not null && (string.IsNullOrEmpty(id) || keys.Any(k => k.KeyId == id));
            var pause = known ? GoodFor : keys is null || failed ? AfterFailure : BetweenUnknownKeys;
            if (reading is null && clock.GetUtcNow() - tried >= pause)
            {
                tried = clock.GetUtcNow();
                reading = ReadAsync();
            }

            if (known && (failed || clock.GetUtcNow() - succeeded < UnusedAfter))
                return keys;
            wait = reading;
        }

        if (wait is not null)
            await wait.WaitAsync(cancellationToken);
        lock (gate)
            return failed && !known ? null : keys;
    }

    public void Dispose() => http.Dispose();

    async Task ReadAsync()
    {
        // Whoever started it holds the lock.
        await Task.Yield();
        var issuer = options.Value.Issuer!;
        IReadOnlyList<SecurityKey>? read = null;
        try
        {
            using var timeout = new CancellationTokenSource(http.Timeout);
            var documents = new HttpDocumentRetriever(http) { RequireHttps = issuer.StartsWith("https:", StringComparison.OrdinalIgnoreCase) };
            var document = await OpenIdConnectConfigurationRetriever.GetAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration", documents, timeout.Token);
            if (document.Issuer != issuer)
                throw new InvalidOperationException($"The discovery document is of '{document.Issuer}'.");
            read = [.. document.SigningKeys.Where(k => k is not SymmetricSecurityKey)];
        }
        catch (Exception e)
        {
            Log.NotRead(logger, issuer, e);
        }

        lock (gate)
        {
            keys = read ?? keys;
            failed = read is null;
            succeeded = failed ? succeeded : tried;
            reading = null;
        }
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The keys of {Issuer} cannot be read")]
        public static partial void NotRead(ILogger logger, string issuer, Exception exception);
    }
}

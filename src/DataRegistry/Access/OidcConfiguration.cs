using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// The keys of the identity provider, from its discovery document, for JwtBearer. The framework's own manager has three faults: while the
/// provider fails it asks for each request, it does not know which key a token names, and its clock cannot be set.
/// A request waits for the keys in three cases: there are none yet, its token names an unknown one, or they were unused for hours.
/// Otherwise old keys are read again in the background, and go on working while the provider fails. One request reads at a time.
/// </summary>
sealed partial class OidcConfiguration(IOptions<OidcOptions> options, TimeProvider clock, ILogger<OidcConfiguration> logger)
    : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    static readonly TimeSpan GoodFor = TimeSpan.FromHours(1);

    /// <summary>Keys that were not refreshed for so long are read before they are used.</summary>
    static readonly TimeSpan UnusedAfter = 2 * GoodFor;

    static readonly TimeSpan BetweenUnknownKeys = TimeSpan.FromMinutes(1);

    /// <summary>The pause after a failure, which is also the <c>Retry-After</c> of clients.</summary>
    public static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    const int MaxDocumentBytes = 1024 * 1024;

    readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = TimeSpan.FromSeconds(options.Value.TimeoutSeconds),
        MaxResponseContentBufferSize = MaxDocumentBytes,
    };

    readonly Lock gate = new();
    OpenIdConnectConfiguration? current;
    DateTimeOffset tried = DateTimeOffset.MinValue;
    DateTimeOffset succeeded = DateTimeOffset.MinValue;
    bool failed;
    Task? reading;

    /// <summary>
    /// Reads the keys if a token needs that. False if the provider cannot be asked; true even if it does not have the named key.
    /// </summary>
    /// <param name="id">The token's <c>kid</c>; null or empty if it names none.</param>
    public async Task<bool> HasKeysForAsync(string? id, CancellationToken cancellationToken)
    {
        Task? wait;
        bool known;
        lock (gate)
        {
            known = current is not null && (string.IsNullOrEmpty(id) || current.SigningKeys.Any(k => k.KeyId == id));
            var pause = known ? GoodFor : current is null || failed ? AfterFailure : BetweenUnknownKeys;
            if (reading is null && clock.GetUtcNow() - tried >= pause)
            {
                tried = clock.GetUtcNow();
                reading = ReadAsync();
            }

            if (known && clock.GetUtcNow() - succeeded < UnusedAfter)
                return true;
            wait = reading;
        }

        if (wait is not null)
            await wait.WaitAsync(cancellationToken);
        lock (gate)
            return current is not null && (known || !failed);
    }

    /// <summary>The keys that <see cref="HasKeysForAsync"/> read. It sends no request.</summary>
    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        lock (gate)
            return Task.FromResult(current ?? throw new InvalidOperationException("There are no keys yet."));
    }

    /// <summary>Does nothing, because <see cref="HasKeysForAsync"/> reads the keys.</summary>
    public void RequestRefresh() { }

    public void Dispose() => http.Dispose();

    async Task ReadAsync()
    {
        // The caller holds the lock.
        await Task.Yield();
        var issuer = options.Value.Issuer!;
        OpenIdConnectConfiguration? read = null;
        try
        {
            using var timeout = new CancellationTokenSource(http.Timeout);
            var documents = new HttpDocumentRetriever(http)
            {
                RequireHttps = issuer.StartsWith("https:", StringComparison.OrdinalIgnoreCase),
            };
            var document = await OpenIdConnectConfigurationRetriever.GetAsync(
                $"{issuer.TrimEnd('/')}/.well-known/openid-configuration", documents, timeout.Token);
            if (document.Issuer != issuer)
                throw new InvalidOperationException($"The discovery document is of '{document.Issuer}'.");
            foreach (var secret in document.SigningKeys.OfType<SymmetricSecurityKey>().ToList())
                document.SigningKeys.Remove(secret);
            read = document;
        }
        catch (Exception e)
        {
            Log.NotRead(logger, issuer, e);
        }

        lock (gate)
        {
            current = read ?? current;
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

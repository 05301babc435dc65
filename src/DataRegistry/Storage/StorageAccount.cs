using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace DataRegistry.Storage;

/// <summary>
/// The storage account that Azure Functions itself uses, by the settings it knows: <c>AzureWebJobsStorage</c> (a connection
/// string, or <c>UseDevelopmentStorage=true</c> for the emulator), or without any secret <c>AzureWebJobsStorage__accountName</c>
/// or <c>AzureWebJobsStorage__tableServiceUri</c>, <c>__queueServiceUri</c> and <c>__blobServiceUri</c>, with
/// <c>__credential=managedidentity</c> and <c>__clientId</c> for a user-assigned identity.
/// </summary>
public sealed class StorageAccount
{
    /// <summary>The setting's name, in environment variables with <c>__</c> before its parts.</summary>
    public const string Setting = "AzureWebJobsStorage";

    // All three services share one handler, because a handler pools connections. Renewing them notices a change of address.
    // The pipeline has the timeouts.
    static readonly HttpClientTransport SharedTransport = new(new HttpClient(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        // RequestSpanPolicy makes the spans. Spans of this handler would hold addresses, and it would send the caller's baggage on.
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    });

    /// <summary>The most concurrent transactions of this process. An overloaded service lowers it.</summary>
    const int MaxTransactionsInFlight = 64;

    StorageAccount(TableServiceClient tables, QueueServiceClient queues, BlobServiceClient blobs)
    {
        Tables = tables;
        Queues = queues;
        Blobs = blobs;
    }

    public TableServiceClient Tables { get; }

    /// <summary>Messages are sent as they are, not in base64: host.json says the same (<c>messageEncoding: none</c>).</summary>
    public QueueServiceClient Queues { get; }

    public BlobServiceClient Blobs { get; }

    /// <param name="credential">Replaces the identity of the settings, for tests and tools.</param>
    /// <param name="transport">Replaces the shared transport.</param>
    /// <exception cref="InvalidOperationException">The settings are missing or contradict each other; the message names them.</exception>
    public static StorageAccount FromConfiguration(
        IConfiguration configuration, TokenCredential? credential = null, HttpPipelineTransport? transport = null)
    {
        var section = configuration.GetSection(Setting);
        var named = section["accountName"] is { Length: > 0 }
            || section.GetChildren().Any(
                child => child.Key.EndsWith("ServiceUri", StringComparison.OrdinalIgnoreCase) && child.Value is { Length: > 0 });
        return (section.Value is { Length: > 0 } text, named) switch
        {
            (true, true) =>
                throw new InvalidOperationException(
                    $"{Setting} and {Setting}__accountName or {Setting}__…ServiceUri are both set: keep the connection string or the "
                        + "identity, not both."),
            (true, false) => FromConnectionString(section.Value!, transport),
            (false, true) => FromIdentity(section, credential ?? IdentityOf(configuration), transport),
            _ => throw new InvalidOperationException(
                $"No storage account is set. Set {Setting} to a connection string (or UseDevelopmentStorage=true), or "
                    + $"{Setting}__accountName, or {Setting}__tableServiceUri, {Setting}__queueServiceUri and {Setting}__blobServiceUri."),
        };
    }

    /// <param name="transport">Replaces the shared transport.</param>
    /// <param name="retryDelay">The pause between tries; null for the growing pauses of the clients.</param>
    /// <exception cref="InvalidOperationException">It is malformed; the message never holds its key.</exception>
    public static StorageAccount FromConnectionString(
        string connectionString, HttpPipelineTransport? transport = null, TimeSpan? retryDelay = null)
    {
        try
        {
            var account = new StorageAccount(
                new TableServiceClient(connectionString, Ours(TableOptions())),
                new QueueServiceClient(connectionString, Ours(QueueOptions())),
                new BlobServiceClient(connectionString, Ours(BlobOptions())));
            if (new[] { account.Tables.Uri, account.Queues.Uri, account.Blobs.Uri }.All(uri => uri.Scheme is "http" or "https"))
                return account;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // The cause may hold the key, so it is neither the message nor the inner exception.
        }

        throw new InvalidOperationException(
            $"{Setting} is no storage connection string: it needs AccountName, AccountKey in base64, and http or https endpoints.");

        T Ours<T>(T options) where T : ClientOptions
        {
            if (retryDelay is { } delay)
                (options.Retry.Delay, options.Retry.MaxDelay) = (delay, delay);
            return With(options, transport);
        }
    }

    static StorageAccount FromIdentity(IConfigurationSection section, TokenCredential credential, HttpPipelineTransport? transport) => new(
        new TableServiceClient(ServiceUri(section, "table"), credential, With(TableOptions(), transport)),
        new QueueServiceClient(ServiceUri(section, "queue"), credential, With(QueueOptions(), transport)),
        new BlobServiceClient(ServiceUri(section, "blob"), credential, With(BlobOptions(), transport)));

    static Uri ServiceUri(IConfigurationSection section, string service)
    {
        var name = $"{service}ServiceUri";
        if (section[name] is { Length: > 0 } text)
        {
            return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https"
                ? uri
                : throw new InvalidOperationException($"{Setting}__{name} is not an https address.");
        }

        return section["accountName"] is not { Length: > 0 } account
            ? throw new InvalidOperationException($"{Setting}__{name} is not set, and neither is {Setting}__accountName.")
            : account.All(char.IsAsciiLetterOrDigit)
                ? new Uri($"https://{account}.{service}.core.windows.net")
                : throw new InvalidOperationException($"{Setting}__accountName is not the name of a storage account.");
    }

    /// <summary>
    /// The app's own identity, by <c>AzureWebJobsStorage__credential</c> and <c>__clientId</c>, also where the account is reached by a
    /// connection string.
    /// </summary>
    /// <exception cref="InvalidOperationException">The settings name another kind of identity.</exception>
    public static TokenCredential IdentityOf(IConfiguration configuration)
    {
        var section = configuration.GetSection(Setting);
        var clientId = section["clientId"] is { Length: > 0 } id ? id : null;
        return section["credential"] switch
        {
            { } kind when kind.Equals("managedidentity", StringComparison.OrdinalIgnoreCase) => new ManagedIdentityCredential(
                clientId is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(clientId)),
            null or "" => new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = clientId }),
            _ => throw new InvalidOperationException($"{Setting}__credential is \"managedidentity\" or not set."),
        };
    }

    /// <summary>Five retries, from 0.2 s to 10 s apart; a try takes at most 30 s.</summary>
    internal static TableClientOptions TableOptions()
    {
        var options = new TableClientOptions
        {
            // RequestSpanPolicy makes the spans: the package's would call an expected refusal an error.
            Diagnostics = { IsDistributedTracingEnabled = false },
            Retry =
            {
                Mode = RetryMode.Exponential, MaxRetries = 5, Delay = TimeSpan.FromMilliseconds(200), MaxDelay = TimeSpan.FromSeconds(10),
                NetworkTimeout = TimeSpan.FromSeconds(30),
            },
        };
        Spanned(options, "table").AddPolicy(
            new RequestPolicy(new AdaptiveConcurrency(MaxTransactionsInFlight)), HttpPipelinePosition.PerRetry);
        return options;
    }

    static QueueClientOptions QueueOptions() => Spanned(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }, "queue");

    static BlobClientOptions BlobOptions() => Spanned(new BlobClientOptions(), "blob");

    static T Spanned<T>(T options, string service) where T : ClientOptions
    {
        options.AddPolicy(new RequestSpanPolicy(service), HttpPipelinePosition.PerRetry);
        return options;
    }

    static T With<T>(T options, HttpPipelineTransport? transport) where T : ClientOptions
    {
        options.Transport = transport ?? SharedTransport;
        return options;
    }
}

using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DataRegistry.Telemetry;

/// <summary>
/// Sends traces, metrics and logs to an OTLP collector, to Azure Monitor, or to both: each has its own settings. Without them the app
/// registers nothing and loads no assembly of OpenTelemetry. An exporter drops what its destination refuses, and no request waits or fails.
/// </summary>
public static class TelemetryExport
{
    const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const string AzureMonitor = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    const string AzureMonitorIdentity = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    static readonly string[] Signals = ["TRACES", "METRICS", "LOGS"];

    /// <summary>
    /// Tags of ASP.NET Core's request spans that hold addresses: a path holds keys and names, a query may hold a signature.
    /// </summary>
    static readonly string[] AddressTags =
        ["url.path", "url.query", "url.full", "server.address", "server.port", "client.address", "network.peer.address",
        "network.peer.port", "user_agent.original"];

    /// <summary>True if an exporter is configured. A head asks this before it adds its own OpenTelemetry parts.</summary>
    public static bool IsConfigured(IConfiguration configuration) =>
        !string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
        && (IsSet(configuration, AzureMonitor) || Array.Exists(Signals, signal => HasOtlp(configuration, signal)));

    /// <summary>Call this before other hosted services are added: it stops after them.</summary>
    internal static IServiceCollection AddTelemetryExport(this IServiceCollection services, IConfiguration configuration)
    {
        if (IsConfigured(configuration))
            AddExporters(services, configuration);
        return services;
    }

    /// <summary>Adds our spans, metrics and logs, and the framework's, without an exporter.</summary>
    internal static OpenTelemetryBuilder AddCollection(this IServiceCollection services, IConfiguration configuration) =>
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                IsSet(configuration, "OTEL_SERVICE_NAME") ? configuration["OTEL_SERVICE_NAME"]! : Product.ServiceName,
                serviceVersion: Product.Version,
                serviceInstanceId: $"{configuration["WEBSITE_INSTANCE_ID"] ?? Environment.MachineName}/{Environment.ProcessId}"))
            // The service makes the spans of requests to buckets and storage. HttpClient's spans are requests to the identity provider.
            // They have no query.
            .WithTracing(traces => traces.AddSource(Spans.Source, "System.Net.Http").AddAspNetCoreInstrumentation(requests =>
                requests.EnrichWithHttpResponse = (span, _) => Array.ForEach(AddressTags, tag => span.SetTag(tag, null))))
            .WithMetrics(
                metrics => metrics.AddMeter(
                    Metrics.Source, $"{Metrics.Source}.*", "Microsoft.AspNetCore.Hosting").AddRuntimeInstrumentation())
            .WithLogging(_ => { }, logs => (logs.IncludeScopes, logs.IncludeFormattedMessage) = (true, true));

    static void AddExporters(IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = services.AddCollection(configuration);
        if (HasOtlp(configuration, "TRACES"))
            telemetry.WithTracing(traces => traces.AddOtlpExporter(o => UseOwnEndpoint(o, configuration, "TRACES")));
        if (HasOtlp(configuration, "METRICS"))
            telemetry.WithMetrics(metrics => metrics.AddOtlpExporter(o => UseOwnEndpoint(o, configuration, "METRICS")));
        if (HasOtlp(configuration, "LOGS"))
            telemetry.WithLogging(logs => logs.AddOtlpExporter(o => UseOwnEndpoint(o, configuration, "LOGS")));
        if (!IsSet(configuration, AzureMonitor))
            return;
        services.Configure<AzureMonitorExporterOptions>(options =>
        {
            options.ConnectionString = configuration[AzureMonitor];
            options.Credential = CredentialOf(configuration[AzureMonitorIdentity]);
            // A trace is whole or absent, and a log line belongs to an alert: nothing is sampled here.
            (options.TracesPerSecond, options.SamplingRatio, options.EnableTraceBasedLogsSampler) = (null, 1, false);
            (options.EnableLiveMetrics, options.DisableOfflineStorage) = (false, true);
        });
        telemetry.WithTracing(traces => traces.AddAzureMonitorTraceExporter())
            .WithMetrics(metrics => metrics.AddAzureMonitorMetricExporter())
            .WithLogging(logs => logs.AddAzureMonitorLogExporter());
    }

    /// <summary>The managed identity that the Functions host uses too (<c>Authorization=AAD;ClientId=…</c>); null for a key.</summary>
    static ManagedIdentityCredential? CredentialOf(string? setting)
    {
        var parts = (setting ?? "").Split(';').Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .ToDictionary(part => part[0].Trim(), part => part[1].Trim(), StringComparer.OrdinalIgnoreCase);
        if (!string.Equals(parts.GetValueOrDefault("Authorization"), "AAD", StringComparison.OrdinalIgnoreCase))
            return null;
        return new(
            parts.GetValueOrDefault("ClientId") is { Length: > 0 } id
                ? ManagedIdentityId.FromUserAssignedClientId(id)
                : ManagedIdentityId.SystemAssigned);
    }

    /// <param name="signal">The signal in the name of its variable. One endpoint serves all signals, or each signal has its own.</param>
    static bool HasOtlp(IConfiguration configuration, string signal) =>
        IsSet(configuration, OtlpEndpoint) || IsSet(configuration, OwnEndpoint(signal));

    /// <summary>The exporter reads a signal's own endpoint only if it is added for all signals.</summary>
    static void UseOwnEndpoint(OtlpExporterOptions options, IConfiguration configuration, string signal)
    {
        if (IsSet(configuration, OwnEndpoint(signal)))
            options.Endpoint = new(configuration[OwnEndpoint(signal)]!);
    }

    static string OwnEndpoint(string signal) => $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT";

    static bool IsSet(IConfiguration configuration, string name) => configuration[name] is { Length: > 0 };
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DataRegistry.Telemetry;

/// <summary>
/// Traces, metrics and logs by the OpenTelemetry protocol, to where OpenTelemetry's own variables say; they are read as settings are. Without an
/// endpoint nothing of it is loaded. What a collector does not take is dropped: no request waits for it, or fails.
/// </summary>
static class OtlpExport
{
    public const string ServiceName = "data-registry";

    static readonly string[] Endpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    /// <summary>Before other hosted services, so that it ends after them.</summary>
    public static IServiceCollection AddOtlpExport(this IServiceCollection services, IConfiguration configuration)
    {
        var wanted = Endpoints.Any(name => configuration[name] is { Length: > 0 }) && !string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase);
        return wanted ? Add(services, configuration) : services;
    }

    /// <summary>On its own, so that nothing of OpenTelemetry is loaded where nobody wants it.</summary>
    static IServiceCollection Add(IServiceCollection services, IConfiguration configuration)
    {
        if (IsOn(configuration, "LOGS"))
        {
            services.AddLogging(logging => logging.AddOpenTelemetry(logs =>
            {
                (logs.IncludeScopes, logs.IncludeFormattedMessage) = (true, true);
                logs.SetResourceBuilder(Resource(configuration)).AddOtlpExporter();
            }));
        }

        return services.AddHostedService(_ => new Exporters(configuration));
    }

    /// <param name="signal">As its variable has it: one endpoint for all, or one for each signal that is wanted.</param>
    static bool IsOn(IConfiguration configuration, string signal) =>
        configuration[Endpoints[0]] is { Length: > 0 } || configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 };

    /// <summary>Who sends: <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> say otherwise.</summary>
    static ResourceBuilder Resource(IConfiguration configuration)
    {
        var version = typeof(OtlpExport).Assembly.GetName().Version?.ToString();
        var name = configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } given ? given : ServiceName;
        // An instance of Azure Functions, where there is one.
        var instance = configuration["WEBSITE_INSTANCE_ID"] is { Length: > 0 } id ? id : Environment.MachineName;
        return ResourceBuilder.CreateDefault().AddService(name, serviceVersion: version, serviceInstanceId: $"{instance}/{Environment.ProcessId}");
    }

    /// <summary>Collects from the start on; what is collected by the end is sent then, for at most the SDK's five seconds a signal.</summary>
    sealed class Exporters(IConfiguration configuration) : IHostedService, IDisposable
    {
        TracerProvider? traces;
        MeterProvider? metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            if (IsOn(configuration, "TRACES"))
            {
                traces = Sdk.CreateTracerProviderBuilder().ConfigureServices(s => s.AddSingleton(configuration)).SetResourceBuilder(Resource(configuration))
                    // Requests to buckets and storage are spans of our own; of others (an identity provider) the client hides the query.
                    .AddSource(Spans.Source, "Microsoft.AspNetCore", "System.Net.Http").AddOtlpExporter().Build();
            }

            if (IsOn(configuration, "METRICS"))
            {
                metrics = Sdk.CreateMeterProviderBuilder().ConfigureServices(s => s.AddSingleton(configuration)).SetResourceBuilder(Resource(configuration))
                    .AddMeter(Measures.Source, $"{Measures.Source}.*", "Microsoft.AspNetCore.Hosting", "System.Runtime").AddOtlpExporter().Build();
            }

            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            traces?.Dispose();
            metrics?.Dispose();
        }
    }
}

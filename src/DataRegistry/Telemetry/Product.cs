using System.Reflection;

namespace DataRegistry.Telemetry;

/// <summary>The name and the version of the service. <c>Directory.Build.props</c> has the version.</summary>
static class Product
{
    /// <summary>The default of <c>OTEL_SERVICE_NAME</c>.</summary>
    public const string ServiceName = "data-registry";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}

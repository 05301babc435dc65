using System.Reflection;

namespace DataRegistry.Telemetry;

/// <summary>How the service names itself. <c>Directory.Build.props</c> has the version.</summary>
static class Product
{
    /// <summary>The default of <c>OTEL_SERVICE_NAME</c>.</summary>
    public const string ServiceName = "data-registry";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}

using Microsoft.Extensions.Configuration;

namespace DataRegistry;

/// <summary>A setting of earlier versions. A start with it ends with a line that says what to set instead.</summary>
public static class GoneSettings
{
    /// <returns>One line that says what to change; null if nothing is wrong.</returns>
    public static string? Find(IConfiguration configuration) =>
        string.Equals(configuration["FUNCTIONS_WORKER_RUNTIME"], "custom", StringComparison.OrdinalIgnoreCase)
            ? "FUNCTIONS_WORKER_RUNTIME is custom: this version is a .NET isolated worker. Set FUNCTIONS_WORKER_RUNTIME to dotnet-isolated."
            : null;
}

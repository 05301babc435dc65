using Microsoft.Extensions.Configuration;

namespace DataRegistry;

/// <summary>Settings of earlier versions. A start with one of them ends with a line that names its replacement.</summary>
public static class GoneSettings
{
    /// <returns>One line with the change to make; null if there is none.</returns>
    public static string? Find(IConfiguration configuration) =>
        string.Equals(configuration["FUNCTIONS_WORKER_RUNTIME"], "custom", StringComparison.OrdinalIgnoreCase)
            ? "FUNCTIONS_WORKER_RUNTIME is custom: this version is a .NET isolated worker. Set FUNCTIONS_WORKER_RUNTIME to dotnet-isolated."
            : null;
}

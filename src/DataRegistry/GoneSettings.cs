using Microsoft.Extensions.Configuration;

namespace DataRegistry;

/// <summary>Settings that earlier versions read. A start with one of them ends with a line that says what to set instead.</summary>
public static class GoneSettings
{
    /// <summary>Each name, as the environment has it, with its replacement.</summary>
    static readonly IReadOnlyDictionary<string, string> Replacements = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
    };

    /// <returns>One line that says what to change; null if nothing is wrong.</returns>
    public static string? Find(IConfiguration configuration)
    {
        if (string.Equals(configuration["FUNCTIONS_WORKER_RUNTIME"], "custom", StringComparison.OrdinalIgnoreCase))
            return "FUNCTIONS_WORKER_RUNTIME is custom: this version is a .NET isolated worker. Set FUNCTIONS_WORKER_RUNTIME to "
                + "dotnet-isolated.";
        foreach (var (name, replacement) in Replacements)
            if (configuration[name.Replace("__", ":", StringComparison.Ordinal)] is not null)
                return $"The setting {name} has gone: {replacement}";
        return null;
    }
}

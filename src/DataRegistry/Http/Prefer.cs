using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>The header <c>Prefer</c> (RFC 7240). Unknown preferences are ignored, as the RFC demands.</summary>
static class Prefer
{
    public const string Header = "Prefer";

    const string Wait = "wait";

    /// <summary>How long the caller prefers to wait for an answer, in whole seconds; null if it does not say.</summary>
    public static TimeSpan? WaitOf(HttpRequest request)
    {
        foreach (var preference in request.Headers[Header].SelectMany(value => value?.Split(',') ?? []))
        {
            if (preference.Split(';')[0].Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value]
                && name.Equals(Wait, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return TimeSpan.FromSeconds(seconds);
            }
        }

        return null;
    }
}

namespace DataRegistry.Stores.S3;

/// <summary>Handles endpoint URLs as people write them.</summary>
static class Endpoints
{
    /// <summary>Whether an endpoint's host begins with the bucket's name, or its path ends with it.</summary>
    public static bool Holds(string? endpoint, string bucket) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && (InHost(url, bucket) || InPath(url, bucket));

    /// <summary>The same endpoint without the bucket's name, and without a slash at its end.</summary>
    public static string Without(string endpoint, string bucket)
    {
        var url = new UriBuilder(endpoint);
        if (InHost(url.Uri, bucket))
            url.Host = url.Host[(bucket.Length + 1)..];
        if (InPath(url.Uri, bucket))
            url.Path = url.Path.TrimEnd('/')[..^(bucket.Length + 1)];
        return (url.Uri.IsDefaultPort
            ? url.Uri.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.Path, UriFormat.UriEscaped)
            : url.Uri.AbsoluteUri).TrimEnd('/');
    }

    static bool InHost(Uri url, string bucket) => url.Host.StartsWith($"{bucket}.", StringComparison.OrdinalIgnoreCase);

    static bool InPath(Uri url, string bucket) => url.AbsolutePath.TrimEnd('/').EndsWith($"/{bucket}", StringComparison.Ordinal);
}

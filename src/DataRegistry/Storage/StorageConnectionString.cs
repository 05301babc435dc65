namespace DataRegistry.Storage;

/// <summary>A storage account's connection string, taken apart: <c>Name=value;…</c>, names in any case.</summary>
/// <param name="AccountKey">Secret: never logged.</param>
sealed record StorageConnectionString(string AccountName, string AccountKey, Uri Table, Uri Queue, Uri Blob)
{
    /// <summary>Azurite's account, the same on every machine; no secret.</summary>
    public const string DevelopmentAccount = "devstoreaccount1";

    public const string DevelopmentKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <exception cref="InvalidOperationException">A part is missing or malformed; the message names the part, never its value.</exception>
    public static StorageConnectionString Parse(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !parts.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
            {
                throw Malformed("every part must be Name=value, each name once");
            }
        }

        if (parts.TryGetValue("UseDevelopmentStorage", out var development))
        {
            return development.Equals("true", StringComparison.OrdinalIgnoreCase)
                ? new StorageConnectionString(DevelopmentAccount, DevelopmentKey, Local(10002), Local(10001), Local(10000))
                : throw Malformed("UseDevelopmentStorage must be true");
        }

        var account = Required(parts, "AccountName");
        var key = Required(parts, "AccountKey");
        if (!Convert.TryFromBase64String(key, new byte[key.Length], out _))
        {
            throw Malformed("AccountKey must be base64");
        }

        return new StorageConnectionString(account, key, Endpoint(parts, account, "Table"), Endpoint(parts, account, "Queue"), Endpoint(parts, account, "Blob"));
    }

    public override string ToString() => $"storage account {AccountName}";

    static Uri Local(int port) => new($"http://127.0.0.1:{port}/{DevelopmentAccount}");

    static string Required(Dictionary<string, string> parts, string name) =>
        parts.TryGetValue(name, out var value) && value.Length > 0 ? value : throw Malformed($"{name} is missing");

    static Uri Endpoint(Dictionary<string, string> parts, string account, string service)
    {
        var scheme = parts.GetValueOrDefault("DefaultEndpointsProtocol", "https");
        var suffix = parts.GetValueOrDefault("EndpointSuffix", "core.windows.net");
        var text = parts.GetValueOrDefault($"{service}Endpoint", $"{scheme}://{account}.{service.ToLowerInvariant()}.{suffix}");
        return Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : throw Malformed($"{service}Endpoint is no http or https address");
    }

    static InvalidOperationException Malformed(string why) => new($"{StorageAccount.Setting} is no storage connection string: {why}.");
}

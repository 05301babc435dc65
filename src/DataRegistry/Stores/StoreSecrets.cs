namespace DataRegistry.Stores;

/// <summary>
/// A store's secret in its row, bound to the store and to what the secret is used for: the endpoint, the access key and the role. A row in
/// which somebody changed one of them gives no secret, so the secret goes to no other server and assumes no other role.
/// </summary>
static class StoreSecrets
{
    /// <summary>Begins the secrets that are bound so. Those of earlier versions are base64 alone, and bound to the store only.</summary>
    const string Bound = "2:";

    /// <summary>Null if the store has none.</summary>
    public static string? Write(SecretProtector protector, Store store) => store.Configuration is { SecretAccessKey: { } secret } to
        ? Bound + protector.Protect(secret, OwnerOf(store.Id.ToString("D"), to.EndpointUrl, to.AccessKeyId, to.RoleArn))
        : null;

    /// <summary>Null if the row has none.</summary>
    /// <exception cref="InvalidOperationException">The key, or what the secret is bound to, has changed.</exception>
    public static string? Read(SecretProtector protector, StoreRow row) => row.Secret switch
    {
        null => null,
        var text when text.StartsWith(Bound, StringComparison.Ordinal) =>
            protector.Unprotect(text[Bound.Length..], OwnerOf(row.RowKey, row.EndpointUrl, row.AccessKeyId, row.RoleArn)),
        var text => protector.Unprotect(text, row.RowKey),
    };

    // None of them has a line end.
    static string OwnerOf(string store, string? endpoint, string? accessKey, string? role) =>
        string.Join('\n', store, endpoint, accessKey, role);
}

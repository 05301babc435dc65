namespace DataRegistry.Stores;

/// <summary>
/// A store's secret in its row, bound to the store and to the endpoint, the access key and the role that use it. If the
/// row is edited, the secret does not decrypt. So the secret goes to no other server and assumes no other role.
/// </summary>
static class StoreSecrets
{
    /// <summary>
    /// The prefix of secrets that are bound this way. Those of earlier versions are plain base64, and bound to the
    /// store only.
    /// </summary>
    const string Bound = "2:";

    /// <summary>Null if the store has no secret.</summary>
    public static string? Write(SecretProtector protector, Store store) => store.Configuration is { SecretAccessKey: { } secret } to
        ? Bound + protector.Protect(secret, OwnerOf(store.Id.ToString("D"), to.EndpointUrl, to.AccessKeyId, to.RoleArn))
        : null;

    /// <summary>Null if the row has no secret.</summary>
    /// <exception cref="InvalidOperationException">The key has changed, or a field that the secret is bound
    /// to.</exception>
    public static string? Read(SecretProtector protector, StoreRow row) => row.Secret switch
    {
        null => null,
        var text when text.StartsWith(Bound, StringComparison.Ordinal) =>
            protector.Unprotect(text[Bound.Length..], OwnerOf(row.RowKey, row.EndpointUrl, row.AccessKeyId, row.RoleArn)),
        var text => protector.Unprotect(text, row.RowKey),
    };

    // No part contains a line end, so the joined text is unambiguous.
    static string OwnerOf(string store, string? endpoint, string? accessKey, string? role) =>
        string.Join('\n', store, endpoint, accessKey, role);
}

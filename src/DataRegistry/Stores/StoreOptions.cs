namespace DataRegistry.Stores;

/// <summary>Settings <c>Stores__…</c>.</summary>
public sealed class StoreOptions
{
    public const string Section = "Stores";

    /// <summary>Key that encrypts the stores' secrets at rest: 32 bytes in base64 (<c>openssl rand -base64 32</c>). Needed as soon as a store has a secret.</summary>
    public string? SecretKey { get; set; }

    /// <summary>Whether endpoints may be at private, loopback or link-local addresses; metadata services of clouds never are.</summary>
    public bool AllowPrivateEndpoints { get; set; }
}

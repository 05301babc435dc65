namespace DataRegistry.Access;

/// <summary>Settings <c>Access__…</c>.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>At least this many characters: what a password generator gives, not what a person remembers.</summary>
    public const int MinTokenLength = 20;

    /// <summary>The bootstrap administrator's token; without it no request is let in. Keep it in a secret store.</summary>
    public string? AdministratorToken { get; set; }
}

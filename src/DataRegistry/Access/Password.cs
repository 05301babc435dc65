using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.Access;

/// <summary>
/// A password's hash, salted and slow (PBKDF2 with SHA-256), as <c>pbkdf2-sha256$iterations$salt$hash</c>. Its text
/// names its parameters, because they may change.
/// </summary>
public static class Password
{
    public const int MinLength = 12;
    public const int MaxLength = 256;

    /// <summary>https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2</summary>
    const int DefaultIterations = 600_000;

    const string Algorithm = "pbkdf2-sha256";
    const int SaltBytes = 16;

    // A flood of log-ins must not take the processors from everything else.
    static readonly SemaphoreSlim Turns = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The cost of new hashes. Only tests lower it, before the first hash, because nothing else depends on it.</summary>
    internal static int Iterations { get; set; } = DefaultIterations;

    // The password of an unknown user is compared with this hash, at the same cost. No password has it.
    static string NoPassword => Format(Iterations, new byte[SaltBytes], new byte[SHA256.HashSizeInBytes]);

    public static async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Format(Iterations, salt, await DeriveAsync(password, salt, Iterations, cancellationToken));
    }

    /// <summary>Compares in constant time. A missing hash costs the same and matches nothing.</summary>
    public static async Task<bool> MatchesAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        var parts = (hash ?? NoPassword).Split('$');
        if (parts is not [Algorithm, var count, var salt, var expected])
            throw new InvalidOperationException("A stored password has a hash of an unknown kind.");
        var derived = await DeriveAsync(
            password, Convert.FromBase64String(salt), int.Parse(count, CultureInfo.InvariantCulture), cancellationToken);
        return CryptographicOperations.FixedTimeEquals(derived, Convert.FromBase64String(expected)) && hash is not null;
    }

    static async Task<byte[]> DeriveAsync(string password, byte[] salt, int iterations, CancellationToken cancellationToken)
    {
        await Turns.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(
                () => Rfc2898DeriveBytes.Pbkdf2(
                    Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
                    cancellationToken);
        }
        finally
        {
            Turns.Release();
        }
    }

    static string Format(int iterations, byte[] salt, byte[] hash) =>
        string.Create(
            CultureInfo.InvariantCulture, $"{Algorithm}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
}

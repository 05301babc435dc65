using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.Storage;

/// <summary>
/// The 16 shards over which keys are spread by a hash: a table partition takes 2,000 rows a second and an account 20,000
/// (Azure's published targets), so 16 partitions reach the account's ceiling.
/// </summary>
public static class Shards
{
    public const int Count = 16;

    /// <summary>0..15, from the first four bits of the key's SHA-256. Changing this would lose every stored location.</summary>
    public static int Of(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        var length = Encoding.UTF8.GetByteCount(key);
        Span<byte> bytes = length <= 1024 ? stackalloc byte[length] : new byte[length];
        Encoding.UTF8.GetBytes(key, bytes);
        SHA256.HashData(bytes, hash);
        return hash[0] >> 4;
    }
}

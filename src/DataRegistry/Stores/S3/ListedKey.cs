using System.Text;
using System.Text.Unicode;

namespace DataRegistry.Stores.S3;

/// <summary>Decodes keys that a LIST with <c>encoding-type=url</c> wrote.</summary>
static class ListedKey
{
    /// <summary>
    /// Decodes exactly once. Amazon writes a space as <c>+</c>, others as <c>%20</c>; all write a plus as <c>%2B</c>.
    /// </summary>
    /// <param name="encoded">False if the server did not say that it encoded. The key is then taken as it is.</param>
    /// <returns>The key; null if it cannot be read, with the reason and the bytes as far as they are known.</returns>
    public static string? Decode(string text, bool encoded, out DamagedEntry? damage)
    {
        damage = null;
        if (S3Document.IsDamaged(text))
            return Damaged(text, Encoding.UTF8.GetBytes(text), "has characters that XML cannot carry, and is not encoded", out damage);
        if (!encoded || text.AsSpan().IndexOfAny('%', '+') < 0)
            return ObjectKey.CanExist(text) ? text : Damaged(text, Encoding.UTF8.GetBytes(text), "is not UTF-8", out damage);
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '+')
                bytes[length++] = (byte)' ';
            else if (text[i] != '%')
            {
                var end = text.AsSpan(i).IndexOfAny('%', '+') is var next and >= 0 ? i + next : text.Length;
                length += Encoding.UTF8.GetBytes(text.AsSpan(i, end - i), bytes.AsSpan(length));
                i = end - 1;
            }
            else if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = Convert.ToByte(text.Substring(i + 1, 2), 16);
                i += 2;
            }
            else
                return Damaged(text, Encoding.UTF8.GetBytes(text), "is not well encoded", out damage);
        }
        return Utf8.IsValid(bytes.AsSpan(0, length)) && ObjectKey.CanExist(text)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : Damaged(text, bytes[..length], "is not UTF-8", out damage);
    }

    static string? Damaged(string text, byte[] bytes, string what, out DamagedEntry? damage)
    {
        damage = new(text, bytes, $"The key {what}: '{text}', as the server writes it.");
        return null;
    }
}

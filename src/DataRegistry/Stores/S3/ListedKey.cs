using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>Keys as a LIST with <c>encoding-type=url</c> writes them.</summary>
static class ListedKey
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Decoded exactly once. Amazon writes a space as <c>+</c>, others as <c>%20</c>; all write a plus as <c>%2B</c>.
    /// </summary>
    /// <param name="encoded">False where the server did not say that it encoded: then the key is as it stands.</param>
    /// <exception cref="FormatException">A percent sign without two hex digits, or bytes that are not UTF-8: better no page than a wrong
    /// key.</exception>
    public static string Decode(string text, bool encoded)
    {
        if (S3Document.IsDamaged(text))
            throw new FormatException("A listed key has characters that XML cannot carry, and is not encoded.");
        if (!encoded || text.AsSpan().IndexOfAny('%', '+') < 0)
            return text;
        var bytes = new byte[Strict.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '+')
                bytes[length++] = (byte)' ';
            else if (text[i] != '%')
            {
                var end = text.AsSpan(i).IndexOfAny('%', '+') is var next and >= 0 ? i + next : text.Length;
                length += Strict.GetBytes(text.AsSpan(i, end - i), bytes.AsSpan(length));
                i = end - 1;
            }
            else if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = Convert.ToByte(text.Substring(i + 1, 2), 16);
                i += 2;
            }
            else
                throw new FormatException("A listed key is not well encoded.");
        }
        try
        {
            return Strict.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("A listed key is not UTF-8.", e);
        }
    }
}

using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>Checks on a key that need no request.</summary>
static class ObjectKey
{
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// False for the empty key, which would address the bucket, and for lone surrogates, which would be sent as another
    /// key.
    /// </summary>
    public static bool CanExist(string key)
    {
        if (key.Length == 0)
            return false;
        for (var i = 0; i < key.Length; i++)
        {
            if (!char.IsSurrogate(key[i]))
                continue;
            if (!char.IsHighSurrogate(key[i]) || i + 1 == key.Length || !char.IsLowSurrogate(key[i + 1]))
                return false;
            i++;
        }
        return true;
    }

    /// <summary>Whether the key has over 1024 bytes of UTF-8, S3's limit. S3 answers such a HEAD with a bare 400.</summary>
    public static bool IsTooLong(string key) => Utf8.GetByteCount(key) > 1024;

    public static bool HasDotSegment(string key)
    {
        foreach (var segment in key.AsSpan().Split('/'))
            if (key.AsSpan(segment) is "." or "..")
                return true;
        return false;
    }

    /// <summary>A Content-Disposition (RFC 6266) with the name in ASCII for old clients and in UTF-8 for all others.</summary>
    public static string Attachment(string fileName)
    {
        var ascii = string.Create(fileName.Length, fileName, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
                to[i] = from[i] is < ' ' or > '~' or '"' or '\\' or '%' or '/' ? '_' : from[i];
        });
        return $"attachment; filename=\"{ascii}\"; filename*=UTF-8''{Uri.EscapeDataString(fileName)}";
    }
}

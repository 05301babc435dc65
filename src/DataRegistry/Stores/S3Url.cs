using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace DataRegistry.Stores;

/// <summary>
/// <c>s3://bucket/key</c>. Not a <see cref="Uri"/>, because <c>#</c>, <c>?</c>, <c>..</c>, <c>//</c> and <c>%2F</c> are
/// ordinary characters of a key.
/// </summary>
public readonly record struct S3Url
{
    /// <summary>S3's limit for a key, in bytes of UTF-8.</summary>
    public const int MaxKeyBytes = 1024;

    public const string Requirement = "An S3 URL is s3://<bucket>/<key>, with a key of 1 to 1024 bytes of UTF-8.";

    const string Scheme = "s3://";
    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public string Bucket { get; private init; }

    public string Key { get; private init; }

    public S3Url(string bucket, string key) => (Bucket, Key) = (bucket, key);

    public static bool TryParse([NotNullWhen(true)] string? text, out S3Url url)
    {
        url = default;
        if (text is null || !text.StartsWith(Scheme, StringComparison.Ordinal))
            return false;
        var slash = text.IndexOf('/', Scheme.Length);
        if (slash <= Scheme.Length || slash == text.Length - 1)
            return false;
        var key = text[(slash + 1)..];
        if (!IsUtf8(key, out var bytes) || bytes > MaxKeyBytes)
            return false;
        url = new S3Url(text[Scheme.Length..slash], key);
        return true;
    }

    public override string ToString() => $"{Scheme}{Bucket}/{Key}";

    // S3 cannot hold a lone surrogate, but JSON can carry one.
    static bool IsUtf8(string text, out int bytes)
    {
        try
        {
            bytes = StrictUtf8.GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            bytes = 0;
            return false;
        }
    }
}

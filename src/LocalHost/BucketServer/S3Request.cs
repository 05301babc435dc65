using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>S3's error answer to a request that cannot be served.</summary>
sealed class S3Error(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;
    public string Code { get; } = code;

    public static S3Error NoSuchKey() => new(404, "NoSuchKey", "The specified key does not exist.");
    public static S3Error NotImplemented(string what) => new(501, "NotImplemented", $"The embedded bucket server knows no {what}.");
    public static S3Error Argument(string message) => new(400, "InvalidArgument", message);
}

/// <summary>
/// A request with its raw target, because ASP.NET Core's path folds <c>..</c> and decodes <c>%2F</c> only in part.
/// </summary>
sealed class S3Request
{
    readonly Dictionary<string, string> query = new(StringComparer.Ordinal);

    public S3Request(HttpContext http)
    {
        Http = http;
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            throw S3Error.NotImplemented("requests through a proxy");
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target[1..] : target[1..question];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        Bucket = slash < 0 ? path : path[..slash];
        Key = slash < 0 ? [] : Percent.Decode(path.AsSpan(slash + 1), plusIsSpace: false);
        if (question >= 0)
            foreach (var part in target[(question + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                var name = equals < 0 ? part : part[..equals];
                query[Text(name)] = equals < 0 ? "" : Text(part[(equals + 1)..]);
            }
    }

    public HttpContext Http { get; }
    public string Bucket { get; }
    public byte[] Key { get; }
    public bool IsHead => HttpMethods.IsHead(Http.Request.Method);
    public string Method => Http.Request.Method;

    public string? this[string name] => query.GetValueOrDefault(name);
    public bool Has(string name) => query.ContainsKey(name);
    public string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>The kind that it is counted as.</summary>
    public string Kind => (Method, Key.Length > 0) switch
    {
        ("HEAD", true) => "head",
        ("HEAD", false) => "head_bucket",
        ("GET", true) => "get",
        ("GET", false) => Has("versions") ? "list_versions" : Has("versioning") ? "get_versioning" : "list",
        ("PUT", true) => "put",
        ("DELETE", true) => "delete",
        _ => "other",
    };

    static string Text(string encoded) => Encoding.UTF8.GetString(Percent.Decode(encoded, plusIsSpace: true));
}

static class Percent
{
    /// <summary>Decodes once. A percent sign without two hex digits stands for itself.</summary>
    public static byte[] Decode(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = Convert.FromHexString(text.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (plusIsSpace && text[i] == '+')
                bytes[length++] = (byte)' ';
            else
            {
                var unit = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                length += Encoding.UTF8.GetBytes(text.Slice(i, unit), bytes.AsSpan(length));
                i += unit - 1;
            }
        }
        return bytes[..length];
    }

    /// <summary>Encodes keys like Amazon with <c>encoding-type=url</c>: slashes stay, a space is a plus.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'*' or (byte)'/')
                text.Append((char)b);
            else if (b == ' ')
                text.Append('+');
            else
                text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}

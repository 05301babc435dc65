using System.Globalization;
using System.Text;
using System.Xml;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// LIST (version 2) and ListObjectVersions. A page costs its own length and a search, for any size of the bucket.
/// </summary>
static class S3Listings
{
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    public static Task ListAsync(S3Request request, EmbeddedBucket bucket)
    {
        if (request["list-type"] is not "2")
            throw S3Error.NotImplemented("LIST of version 1");
        var names = new Names(request);
        byte[] prefix = Bytes(request["prefix"]), delimiter = Bytes(request["delimiter"]);
        var (from, after) = request["continuation-token"] is { } token ? Position(token) : (Bytes(request["start-after"]), true);
        var max = MaxKeys(request);
        List<StoredVersion> objects = [];
        List<byte[]> prefixes = [];
        string? next = null;
        bucket.Read(keys =>
        {
            var cursor = from.AsSpan().SequenceCompareTo(prefix) < 0 ? keys.From(prefix, after: false) : keys.From(from, after);
            var token = "";
            while (max > 0 && cursor.Next() is { } version && version.Key.AsSpan().StartsWith(prefix))
            {
                if (version.IsDeleteMarker)
                    continue;
                if (objects.Count + prefixes.Count == max)
                {
                    next = token;
                    break;
                }
                var at = delimiter.Length == 0 ? -1 : version.Key.AsSpan(prefix.Length).IndexOf(delimiter);
                if (at < 0)
                {
                    objects.Add(version);
                    token = Token('k', version.Key);
                    continue;
                }
                var common = version.Key[..(prefix.Length + at + delimiter.Length)];
                prefixes.Add(common);
                token = Token('p', common);
                if (After(common) is not { } beyond)
                    break;
                cursor = keys.From(beyond, after: false);
            }
            return 0;
        });
        return S3Xml.WriteAsync(request.Http, 200, "ListBucketResult", xml =>
        {
            xml.WriteElementString("Name", bucket.Name);
            names.Write(xml, "Prefix", prefix);
            names.WriteIfAsked(xml, "Delimiter", request["delimiter"]);
            names.WriteIfAsked(xml, "StartAfter", request["start-after"]);
            S3Xml.Optional(xml, "ContinuationToken", request["continuation-token"]);
            S3Xml.Optional(xml, "NextContinuationToken", next);
            S3Xml.Optional(xml, "EncodingType", request["encoding-type"]);
            xml.WriteElementString("MaxKeys", max.ToString(CultureInfo.InvariantCulture));
            xml.WriteElementString("KeyCount", (objects.Count + prefixes.Count).ToString(CultureInfo.InvariantCulture));
            xml.WriteElementString("IsTruncated", next is null ? "false" : "true");
            foreach (var version in objects)
            {
                xml.WriteStartElement("Contents");
                names.Write(xml, "Key", version.Key);
                Facts(xml, version);
                xml.WriteEndElement();
            }
            Prefixes(xml, names, prefixes);
        });
    }

    /// <summary>Without delimiters, because the registry never uses them with versions.</summary>
    public static Task ListVersionsAsync(S3Request request, EmbeddedBucket bucket)
    {
        if (request["delimiter"] is { Length: > 0 })
            throw S3Error.NotImplemented("delimiter in ListObjectVersions");
        var names = new Names(request);
        byte[] prefix = Bytes(request["prefix"]), marker = Bytes(request["key-marker"]);
        var idMarker = request["version-id-marker"] is { Length: > 0 } id ? id : null;
        var max = MaxKeys(request);
        List<(StoredVersion Version, bool IsLatest)> versions = [];
        var truncated = false;
        bucket.Read(keys =>
        {
            var cursor = marker.AsSpan().SequenceCompareTo(prefix) < 0
                ? keys.From(prefix, after: false)
                : keys.From(marker, after: idMarker is null);
            while (!truncated && max > 0 && cursor.Next() is { } newest && newest.Key.AsSpan().StartsWith(prefix))
            {
                var skip = idMarker is not null && newest.Key.AsSpan().SequenceEqual(marker);
                for (var version = newest; version is not null; version = version.Older)
                {
                    if (skip)
                    {
                        skip = !string.Equals(version.IdOrNull, idMarker, StringComparison.Ordinal);
                        continue;
                    }
                    if (versions.Count == max)
                    {
                        truncated = true;
                        break;
                    }
                    versions.Add((version, ReferenceEquals(version, newest)));
                }
            }
            return 0;
        });
        return S3Xml.WriteAsync(request.Http, 200, "ListVersionsResult", xml =>
        {
            xml.WriteElementString("Name", bucket.Name);
            names.Write(xml, "Prefix", prefix);
            names.WriteIfAsked(xml, "KeyMarker", request["key-marker"]);
            S3Xml.Optional(xml, "VersionIdMarker", idMarker);
            if (truncated)
            {
                names.Write(xml, "NextKeyMarker", versions[^1].Version.Key);
                xml.WriteElementString("NextVersionIdMarker", versions[^1].Version.IdOrNull);
            }
            S3Xml.Optional(xml, "EncodingType", request["encoding-type"]);
            xml.WriteElementString("MaxKeys", max.ToString(CultureInfo.InvariantCulture));
            xml.WriteElementString("IsTruncated", truncated ? "true" : "false");
            foreach (var (version, isLatest) in versions)
            {
                xml.WriteStartElement(version.IsDeleteMarker ? "DeleteMarker" : "Version");
                names.Write(xml, "Key", version.Key);
                xml.WriteElementString("VersionId", version.IdOrNull);
                xml.WriteElementString("IsLatest", isLatest ? "true" : "false");
                if (version.IsDeleteMarker)
                    xml.WriteElementString("LastModified", S3Xml.Time(version.Modified));
                else
                    Facts(xml, version);
                xml.WriteEndElement();
            }
        });
    }

    static void Facts(XmlWriter xml, StoredVersion version)
    {
        xml.WriteElementString("LastModified", S3Xml.Time(version.Modified));
        xml.WriteElementString("ETag", version.ETag);
        xml.WriteElementString("Size", version.Size.ToString(CultureInfo.InvariantCulture));
        xml.WriteElementString("StorageClass", "STANDARD");
    }

    static void Prefixes(XmlWriter xml, Names names, List<byte[]> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            xml.WriteStartElement("CommonPrefixes");
            names.Write(xml, "Prefix", prefix);
            xml.WriteEndElement();
        }
    }

    static int MaxKeys(S3Request request) =>
        request["max-keys"] is not { } text ? 1000
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var max) ? Math.Min(max, 1000)
        : throw S3Error.Argument("Provided max-keys not an integer or within integer range");

    static byte[] Bytes(string? text) => text is null ? [] : Encoding.UTF8.GetBytes(text);

    static string Token(char kind, byte[] key) => kind + Convert.ToBase64String(key);

    /// <summary>The position after a key, or after all keys of a common prefix.</summary>
    static (byte[] From, bool After) Position(string token)
    {
        var bytes = new byte[token.Length];
        if (token.Length == 0 || token[0] is not ('k' or 'p') || !Convert.TryFromBase64Chars(token.AsSpan(1), bytes, out var length))
            throw S3Error.Argument("The continuation token provided is incorrect");
        return token[0] == 'k' ? (bytes[..length], true) : After(bytes[..length]) is { } beyond ? (beyond, false) : ([0xFF], true);
    }

    /// <summary>The first key after all keys with this prefix; null if there is none.</summary>
    static byte[]? After(byte[] prefix)
    {
        var end = prefix.AsSpan().LastIndexOfAnyExcept((byte)0xFF);
        if (end < 0)
            return null;
        var beyond = prefix[..(end + 1)];
        beyond[end]++;
        return beyond;
    }

    /// <summary>Keys as text, encoded if the request asks for it.</summary>
    sealed class Names(S3Request request)
    {
        readonly bool encode = request["encoding-type"] switch
        {
            null => false,
            "url" => true,
            _ => throw S3Error.Argument("Invalid Encoding Method specified in Request"),
        };

        public void Write(XmlWriter xml, string element, byte[] key) =>
            xml.WriteElementString(element, encode ? Percent.Encode(key) : Encoding.UTF8.GetString(key));

        public void WriteIfAsked(XmlWriter xml, string element, string? text)
        {
            if (text is not null)
                Write(xml, element, Encoding.UTF8.GetBytes(text));
        }
    }
}

using System.Globalization;
using System.Text;
using System.Xml;

namespace DataRegistry.LocalHost.Buckets;

static class S3Xml
{
    /// <summary>
    /// Allows control characters, written as <c>&amp;#x1;</c>. That is no XML 1.0, but S3 writes it without
    /// <c>encoding-type=url</c>.
    /// </summary>
    static readonly XmlWriterSettings Settings = new() { Encoding = new UTF8Encoding(false), CheckCharacters = false };

    public static async Task WriteAsync(
        HttpContext http, int status, string root, Action<XmlWriter> content, string? ns = S3Listings.Namespace)
    {
        using var buffer = new MemoryStream();
        using (var xml = XmlWriter.Create(buffer, Settings))
        {
            xml.WriteStartElement(root, ns);
            content(xml);
            xml.WriteEndElement();
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        http.Response.ContentLength = buffer.Length;
        await http.Response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), http.RequestAborted);
    }

    /// <summary>A HEAD's error has no body.</summary>
    public static Task WriteErrorAsync(HttpContext http, S3Error error)
    {
        http.Response.StatusCode = error.Status;
        return HttpMethods.IsHead(http.Request.Method)
            ? Task.CompletedTask
            : WriteAsync(http, error.Status, "Error", xml =>
            {
                xml.WriteElementString("Code", error.Code);
                xml.WriteElementString("Message", error.Message);
                xml.WriteElementString("RequestId", http.TraceIdentifier);
            }, ns: null);
    }

    public static void Optional(XmlWriter xml, string element, string? text)
    {
        if (text is not null)
            xml.WriteElementString(element, text);
    }

    public static string Time(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DataRegistry.LocalHost.Buckets;

/// <summary>Answers one request: finds its operation, and checks the caller's key.</summary>
static partial class S3Endpoint
{
    public static async Task AnswerAsync(HttpContext http, BucketServer server)
    {
        try
        {
            var request = new S3Request(http);
            http.Response.Headers.Server = "DataRegistry.LocalHost";
            http.Response.Headers["x-amz-request-id"] = http.TraceIdentifier;
            if (await AdminEndpoint.AnswersAsync(request, server))
                return;
            server.Requests.Add(request.Kind);
            if (await server.InjectAsync(request) || (server.Intercept is { } intercept && await intercept(http, request.Kind)))
                return;
            Authorize(request, server.Options.AccessKeyId);
            await (request.Key.Length == 0 ? BucketAsync(request, server) : ObjectAsync(request, Bucket(request, server)));
        }
        catch (S3Error error)
        {
            await S3Xml.WriteErrorAsync(http, error);
        }
    }

    static EmbeddedBucket Bucket(S3Request request, BucketServer server) =>
        server.Buckets.GetValueOrDefault(request.Bucket) ?? throw new S3Error(404, "NoSuchBucket", "The specified bucket does not exist");

    static async Task BucketAsync(S3Request request, BucketServer server)
    {
        switch (request.Method)
        {
            case "PUT" when request.Has("versioning"):
                await SetVersioningAsync(request, Bucket(request, server));
                break;
            case "PUT":
                if (!BucketName().IsMatch(request.Bucket))
                    throw new S3Error(400, "InvalidBucketName", "The specified bucket is not valid.");
                server.CreateBucket(request.Bucket);
                break;
            case "HEAD":
                Bucket(request, server);
                break;
            case "GET" when request.Has("versions"):
                await S3Listings.ListVersionsAsync(request, Bucket(request, server));
                break;
            case "GET" when request.Has("versioning"):
                var versioning = Bucket(request, server).Versioning;
                await S3Xml.WriteAsync(
                    request.Http, 200, "VersioningConfiguration",
                    xml => S3Xml.Optional(xml, "Status", versioning is EmbeddedVersioning.Off ? null : versioning.ToString()));
                break;
            case "GET" when request.Bucket.Length > 0:
                await S3Listings.ListAsync(request, Bucket(request, server));
                break;
            default:
                throw S3Error.NotImplemented($"{request.Method} of a bucket like this");
        }
    }

    static async Task SetVersioningAsync(S3Request request, EmbeddedBucket bucket)
    {
        var (content, _) = await S3Upload.ReadAsync(request);
        using var text = new MemoryStream(content);
        var status = (await XDocument.LoadAsync(text, LoadOptions.None, request.Http.RequestAborted)).Descendants().FirstOrDefault(
            e => e.Name.LocalName is "Status")?.Value;
        bucket.Versioning = status switch
        {
            "Enabled" => EmbeddedVersioning.Enabled,
            "Suspended" => EmbeddedVersioning.Suspended,
            _ =>
                throw new S3Error(
                    400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"),
        };
    }

    static async Task ObjectAsync(S3Request request, EmbeddedBucket bucket)
    {
        var response = request.Http.Response;
        switch (request.Method)
        {
            case "GET" or "HEAD":
                await S3Download.AnswerAsync(request, bucket);
                break;
            case "PUT":
                if (request.Header("x-amz-copy-source") is not null || request.Has("uploadId"))
                    throw S3Error.NotImplemented("copies and uploads in parts");
                if (request.Key.Length > 1024)
                    throw new S3Error(400, "KeyTooLongError", "Your key is too long");
                var (content, attributes) = await S3Upload.ReadAsync(request);
                var put = bucket.Put(request.Key, content, attributes);
                response.Headers.ETag = put.ETag;
                if (put.Id is not null)
                    response.Headers["x-amz-version-id"] = put.Id;
                break;
            case "DELETE":
                var deleted = bucket.Delete(request.Key, request["versionId"] is { Length: > 0 } id ? id : null);
                if (deleted is not null && bucket.Versioning is not EmbeddedVersioning.Off)
                    response.Headers["x-amz-version-id"] = deleted.IdOrNull;
                if (deleted is { IsDeleteMarker: true })
                    response.Headers["x-amz-delete-marker"] = "true";
                response.StatusCode = 204;
                break;
            default:
                throw S3Error.NotImplemented($"{request.Method} of an object");
        }
    }

    /// <summary>
    /// Checks the key's id and a presigned URL's age. It does not check signatures, which tests do against a real
    /// server.
    /// </summary>
    static void Authorize(S3Request request, string? accessKeyId)
    {
        var presigned = request["X-Amz-Credential"];
        if (presigned is not null
            && DateTime.TryParseExact(
                request["X-Amz-Date"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var signed)
            && int.TryParse(request["X-Amz-Expires"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && signed.AddSeconds(seconds) < DateTime.UtcNow)
            throw new S3Error(403, "AccessDenied", "Request has expired");
        if (accessKeyId is null)
            return;
        var credential = presigned ?? Credential().Match(request.Header("Authorization") ?? "").Groups["id"].Value;
        if (credential.Length == 0)
            throw new S3Error(403, "AccessDenied", "Access Denied");
        if (!string.Equals(credential.Split('/')[0], accessKeyId, StringComparison.Ordinal))
            throw new S3Error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
    }

    [GeneratedRegex("Credential=(?<id>[^,]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Credential();

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex BucketName();
}

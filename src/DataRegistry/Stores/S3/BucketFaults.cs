using System.Net;
using System.Net.Sockets;
using System.Xml;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;

namespace DataRegistry.Stores.S3;

/// <summary>
/// Turns an exception of the AWS SDK into a <see cref="BucketFault"/>. Error codes: Amazon S3 API reference, "Error
/// responses".
/// </summary>
static class BucketFaults
{
    /// <summary>Scheme, host and port of a redirect, as <see cref="BucketHttpClients"/> notes it.</summary>
    public const string RedirectHeader = "x-data-registry-redirect";

    /// <summary>Converts any exception except the caller's own cancellation, which is no fault.</summary>
    /// <param name="endpoint">The store's endpoint URL, for the message; null for Amazon's own.</param>
    public static BucketException From(Exception exception, string bucket, string? region, string? endpoint = null)
    {
        var fault = From(exception, bucket, region);
        return Endpoints.Holds(endpoint, bucket)
            && (fault.Fault is BucketFault.NoSuchBucket or BucketFault.WrongEndpoint || fault.IsUnreadable)
            ? new(
                BucketFault.WrongEndpoint,
                $"The endpoint URL holds the name of bucket '{bucket}', which the registry adds by itself; leave it out: "
                    + $"'{Endpoints.Without(endpoint!, bucket)}'.", exception)
            : fault;
    }

    static BucketException From(Exception exception, string bucket, string? region) => exception switch
    {
        _ when Chain(exception).OfType<BucketException>().FirstOrDefault() is { } known => known,
        AmazonS3Exception { ErrorCode: { } code } s3 when From(code, s3, bucket, region) is { } fault => fault,
        AmazonUnmarshallingException unreadable => NotS3(bucket, unreadable.StatusCode, unreadable),
        AmazonServiceException { StatusCode: not default(HttpStatusCode) } answer => FromStatus(answer, bucket, region),
        _ when exception.GetType() == typeof(AmazonClientException)
            && exception.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) =>
                new(BucketFault.InvalidCredentials, $"No credentials were found for bucket '{bucket}'; give the store an access key, or "
                    + "give the registry's host a role. A public bucket is read without: set 'anonymous' to true.", exception),
        _ when IsNetwork(exception) =>
            new(BucketFault.Unreachable, $"The server of bucket '{bucket}' cannot be reached ({Innermost(
                exception).Message.TrimEnd('.')}); check its endpoint URL, name resolution, certificate and firewall.", exception)
            {
                IsTimeout = IsTimeout(exception),
            },
        _ when IsUnreadable(exception) => NotS3(bucket, null, exception),
        _ => new(BucketFault.Unexpected, $"Bucket '{bucket}' could not be used: {exception.Message}", exception),
    };

    /// <summary>HTTP 400. A HEAD has nothing else that could be wrong, so the key or the credentials are.</summary>
    public static bool IsKeyRefusal(this BucketException fault) =>
        fault is { Fault: BucketFault.Unexpected, Key: not null, Status: HttpStatusCode.BadRequest };

    /// <summary>HTTP 5xx except 501: the server may answer the next time. With 501 it never will.</summary>
    public static bool IsServerError(this BucketException fault) =>
        fault.Status is >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented;

    /// <summary>Whether the fault is about one key only.</summary>
    public static bool IsOfKey(this BucketException fault) =>
        fault.Key is not null
            && (fault.Fault is BucketFault.AccessDenied or BucketFault.Archived or BucketFault.ObjectUnavailable
                || fault is { Fault: BucketFault.Unexpected, IsTransient: false });

    /// <summary>
    /// The bucket does not support the request, or not with these credentials, and never will. Use another request.
    /// </summary>
    public static bool IsUnsupported(this BucketException fault) =>
        fault.Fault is BucketFault.AccessDenied || fault is { Fault: BucketFault.Unexpected, IsTransient: false };

    /// <summary>The answer has no token, so there is no way to the next page.</summary>
    public static BucketException Version1(string bucket) => new(
        BucketFault.Unexpected, $"The server of bucket '{bucket}' lists by version 1 only; a server with ListObjectsV2 is needed.")
    {
        IsUnreadable = true,
    };

    /// <summary>
    /// No S3 server gave this answer: a proxy's log-in page, a web server, or an endpoint URL with a wrong port.
    /// </summary>
    public static BucketException NotS3(string bucket, HttpStatusCode? status, Exception? inner = null) =>
        new(BucketFault.Unexpected, $"The server of bucket '{bucket}' does not answer like S3{(status is { } code
            and not default(HttpStatusCode)
            ? $" (HTTP {(int)code})"
            : "")}; check that the endpoint URL is that of an S3 API, not of a web console or proxy.", inner)
        { IsUnreadable = true };

    static BucketException? From(string code, AmazonS3Exception exception, string bucket, string? region) => code switch
    {
        "NoSuchBucket" =>
            new(BucketFault.NoSuchBucket, $"There is no bucket '{bucket}' at this endpoint; check its name, and the store's region and "
                + "endpoint URL.", exception),
        "NoSuchKey" =>
            new(BucketFault.WrongEndpoint, $"The server takes '{bucket}' for an object, not for a bucket; the endpoint URL must hold "
                + "neither the bucket's name nor a path of the server's own.", exception),
        "InvalidObjectState" => new(BucketFault.Archived, $"The object of bucket '{bucket}' is archived; restore it first.", exception),
        "InvalidBucketName" => new(BucketFault.NoSuchBucket, $"'{bucket}' is no valid bucket name; check the store's bucket.", exception),
        "InvalidAccessKeyId" or "InvalidClientTokenId" or "UnrecognizedClientException" =>
            new(BucketFault.InvalidCredentials, $"The access key id for bucket '{bucket}' is unknown to the server; give the store a valid "
                + "access key.", exception),
        "SignatureDoesNotMatch" =>
            new(BucketFault.InvalidCredentials, $"The secret access key for bucket '{bucket}' does not belong to its access key id; give "
                + "the store the right secret.", exception),
        "ExpiredToken" or "ExpiredTokenException" or "InvalidToken" or "TokenRefreshRequired" =>
            new(BucketFault.InvalidCredentials, $"The session credentials for bucket '{bucket}' have expired or are invalid; renew "
                + "them.", exception),
        "RequestTimeTooSkewed" =>
            new(BucketFault.InvalidCredentials, $"The server of bucket '{bucket}' refuses our clock; correct the clock of the registry's "
                + "host, or of the server.", exception),
        "PermanentRedirect" or "TemporaryRedirect" when Redirected(exception, bucket) is { } redirected => redirected,
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "TemporaryRedirect" =>
            WrongRegion(exception, bucket, region),
        "SlowDown" or "RequestLimitExceeded" or "TooManyRequests" or "Throttling" or "ThrottlingException" or "ServiceUnavailable"
            or "BandwidthLimitExceeded" => Throttled(exception, bucket),
        "AccessDenied" or "AllAccessDisabled" or "AccountProblem" or "NotSignedUp" or "InvalidSecurity" => Denied(exception, bucket),
        _ => null,
    };

    /// <summary>A HEAD's error has no body, hence no code: only the status is known.</summary>
    static BucketException FromStatus(AmazonServiceException exception, string bucket, string? region) => exception.StatusCode switch
    {
        HttpStatusCode.Forbidden => Denied(exception, bucket),
        HttpStatusCode.Unauthorized =>
            new(BucketFault.InvalidCredentials, $"The server of bucket '{bucket}' asks for other credentials; check the store's access "
                + "key.", exception),
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
            Redirected(exception, bucket) ?? WrongRegion(exception, bucket, region),
        HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed =>
            new(BucketFault.Unexpected, $"The server of bucket '{bucket}' does not support this request (HTTP {(int)exception.StatusCode} "
                + $"{exception.ErrorCode}).", exception),
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests => Throttled(exception, bucket),
        var status =>
            string.IsNullOrEmpty(exception.ErrorCode) || string.Equals(exception.ErrorCode, status.ToString(), StringComparison.Ordinal)
            ? NotS3(bucket, status, exception)
            : new(
                BucketFault.Unexpected,
                $"The server of bucket '{bucket}' answered HTTP {(int)status} {exception.ErrorCode}: {exception.Message}", exception),
    };

    static BucketException Denied(AmazonServiceException exception, string bucket) =>
        new(BucketFault.AccessDenied, $"The credentials may not do this in bucket '{bucket}'. Allow s3:ListBucket and "
            + "s3:ListBucketVersions on the bucket, s3:GetObject and s3:GetObjectVersion on its objects, and kms:Decrypt on their key if "
            + "they are encrypted with one. S3 answers the same for a missing key if the caller may not list, and for a bucket with "
            + "Requester Pays: then set 'requester_pays' to true.",
            exception);

    static BucketException Throttled(AmazonServiceException exception, string bucket) =>
        new(BucketFault.Throttled, $"The server of bucket '{bucket}' still asks us to slow down after our retries; try again later, or "
            + "with less at once.", exception);

    /// <summary>The fault of a redirect; null if the answer names a region, or no other server.</summary>
    static BucketException? Redirected(AmazonServiceException exception, string bucket)
    {
        var response = (exception.InnerException as HttpErrorResponseException)?.Response;
        return response?.IsHeaderPresent(RedirectHeader) != true || response.IsHeaderPresent("x-amz-bucket-region") ? null
            : new(
                BucketFault.WrongEndpoint,
                $"The server of bucket '{bucket}' redirects to {response.GetHeaderValue(
                    RedirectHeader)}; if that is the S3 API, set it as the store's endpoint URL.", exception);
    }

    static BucketException WrongRegion(AmazonServiceException exception, string bucket, string? region)
    {
        var response = (exception.InnerException as HttpErrorResponseException)?.Response;
        // Some answers name the region in a header, others only in their message.
        var right = response?.IsHeaderPresent("x-amz-bucket-region") == true
            ? response.GetHeaderValue("x-amz-bucket-region")
            : RegionIn(exception.Message);
        return new(
            BucketFault.WrongRegion,
            $"Bucket '{bucket}' is not in region '{region
                ?? "us-east-1"}'; set the store's region to {(string.IsNullOrEmpty(right)
                    ? "the one the bucket was made in"
                    : $"'{right}'")}.", exception);
    }

    /// <summary>Amazon: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'".</summary>
    static string? RegionIn(string message)
    {
        var start = message.IndexOf("expecting '", StringComparison.Ordinal) + "expecting '".Length;
        var end = start < "expecting '".Length ? -1 : message.IndexOf('\'', start);
        return end > start && end - start < 64 ? message[start..end] : null;
    }

    static bool IsTimeout(Exception exception) => Chain(exception).Any(e => e is OperationCanceledException or TimeoutException);

    static bool IsNetwork(Exception exception) =>
        Chain(exception).Any(
            e =>
                e is HttpRequestException or SocketException or IOException or OperationCanceledException or TimeoutException
                    or System.Security.Authentication.AuthenticationException);

    static bool IsUnreadable(Exception exception) =>
        Chain(exception).Any(e => e is XmlException or AmazonUnmarshallingException or FormatException);

    static Exception Innermost(Exception exception) => Chain(exception).Last();

    static IEnumerable<Exception> Chain(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
            yield return e;
    }
}

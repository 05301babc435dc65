using System.Net;
using Amazon.Runtime;

namespace DataRegistry.Stores.S3;

/// <summary>The reasons why a bucket could not be used. Each has a sentence that names the remedy.</summary>
public enum BucketFault
{
    NoSuchBucket, AccessDenied, InvalidCredentials, WrongRegion, WrongEndpoint, Throttled, Unreachable, EndpointRefused,
    RoleRefused, Unordered, Empty, Archived, ObjectUnavailable, Unexpected,
}

/// <summary>Its message is one or two sentences for users. It names no secret and no signed URL.</summary>
public sealed class BucketException(BucketFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public BucketFault Fault { get; } = fault;

    /// <summary>The requested key; null if the request was for the whole bucket. Other keys may still work.</summary>
    public string? Key { get; internal set; }

    /// <summary>The server's HTTP status; null if it gave none.</summary>
    public HttpStatusCode? Status => InnerException switch
    {
        AmazonServiceException { StatusCode: not default(HttpStatusCode) } answer => answer.StatusCode,
        BucketException known => known.Status,
        _ => null,
    };

    /// <summary>The server's own error code; null if it gave none, as in every answer to a HEAD.</summary>
    public string? ServerCode => InnerException switch
    {
        AmazonServiceException { ErrorCode: { Length: > 0 } code } answer when code != answer.StatusCode.ToString() => code,
        BucketException known => known.ServerCode,
        _ => null,
    };

    /// <summary>The answer did not come from an S3 server, or cannot be read.</summary>
    internal bool IsUnreadable { get; init; }

    /// <summary>The server accepted a request, but did not answer in time, or did not finish its answer.</summary>
    public bool IsTimeout { get; init; }

    /// <summary>Whether a later retry may succeed. Other faults last until somebody changes something.</summary>
    public bool IsTransient => Fault is BucketFault.Throttled or BucketFault.Unreachable || (Fault is BucketFault.Unexpected && !IsFinal);

    /// <summary>Its code on the wire.</summary>
    public string Code =>
        this.IsKeyRefusal() ? "key_refused"
        : Fault is BucketFault.Unexpected && this.IsOfKey() ? CodeOf(BucketFault.ObjectUnavailable)
        : CodeOf(Fault);

    /// <summary>
    /// The server refuses the request, does not know it, or gives an unreadable answer. A retry would have the same
    /// result.
    /// </summary>
    bool IsFinal => Status switch
    {
        HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or (HttpStatusCode)425 => false,
        HttpStatusCode.NotImplemented or HttpStatusCode.HttpVersionNotSupported => true,
        >= HttpStatusCode.InternalServerError => false,
        >= HttpStatusCode.MultipleChoices => true,
        _ => IsUnreadable,
    };

    /// <summary>A fault's code on the wire.</summary>
    public static string CodeOf(BucketFault fault) => fault switch
    {
        BucketFault.NoSuchBucket => "no_such_bucket",
        BucketFault.AccessDenied => "access_denied",
        BucketFault.InvalidCredentials => "invalid_credentials",
        BucketFault.WrongRegion => "wrong_region",
        BucketFault.WrongEndpoint => "wrong_endpoint",
        BucketFault.EndpointRefused => "endpoint_refused",
        BucketFault.RoleRefused => "role_refused",
        BucketFault.Unordered => "bucket_unordered",
        BucketFault.Empty => "bucket_empty",
        BucketFault.Archived => "object_archived",
        BucketFault.ObjectUnavailable => "object_unavailable",
        BucketFault.Throttled or BucketFault.Unreachable or BucketFault.Unexpected => "bucket_unavailable",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "A fault without a code."),
    };
}

namespace DataRegistry.Stores;

/// <summary>How a bucket could not be used; each has a sentence that names the remedy.</summary>
public enum BucketFault { NoSuchBucket, AccessDenied, InvalidCredentials, WrongRegion, Throttled, Unreachable, EndpointRefused, RoleRefused, Unordered, Empty, Unexpected }

/// <summary>Its message is one or two sentences, fit for users: it names no key, no secret and no URL with a signature.</summary>
public sealed class BucketException(BucketFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public BucketFault Fault { get; } = fault;

    /// <summary>Whether trying again later may help. The others last until somebody changes something.</summary>
    public bool IsTransient => Fault is BucketFault.Throttled or BucketFault.Unreachable or BucketFault.Unexpected;

    /// <summary>Its code on the wire.</summary>
    public string Code => this.IsKeyRefusal() ? "key_refused" : CodeOf(Fault);

    /// <summary>A fault's code on the wire.</summary>
    public static string CodeOf(BucketFault fault) => fault switch
    {
        BucketFault.NoSuchBucket => "no_such_bucket",
        BucketFault.AccessDenied => "access_denied",
        BucketFault.InvalidCredentials => "invalid_credentials",
        BucketFault.WrongRegion => "wrong_region",
        BucketFault.EndpointRefused => "endpoint_refused",
        BucketFault.RoleRefused => "role_refused",
        BucketFault.Unordered => "bucket_unordered",
        BucketFault.Empty => "bucket_empty",
        _ => "bucket_unavailable",
    };
}

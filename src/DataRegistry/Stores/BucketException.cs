namespace DataRegistry.Stores;

/// <summary>How a bucket could not be used; each has a sentence that names the remedy.</summary>
public enum BucketFault { NoSuchBucket, AccessDenied, InvalidCredentials, WrongRegion, Throttled, Unreachable, Unexpected }

/// <summary>Its message is one or two sentences, fit for users: it names no key, no secret and no URL with a signature.</summary>
public sealed class BucketException(BucketFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public BucketFault Fault { get; } = fault;
}

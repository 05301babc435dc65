using DataRegistry.Http;

namespace DataRegistry.Stores;

/// <summary>Errors of making and changing stores.</summary>
static class StoreErrors
{
    public static FieldError EndpointOrBucketRefused { get; } = new(
        code: null, "{reason}",
        "The bucket cannot be used, or its endpoint is not allowed. The message says why; the code names the fault.");

    public static FieldError StoreNameTaken { get; } = new(
        "unique", "There is another store '{name}'.", "Another store has this name.");

    public static FieldError OnlyS3 { get; } = new(
        "invalid_choice", "Only 's3' is supported.", "The store has another type.");

    public static FieldError NoUriDownloads { get; } = new(
        "not_supported", "Only datums can be downloaded.", "A store cannot give out objects by their URL.");

    public static FieldError NotASchedule { get; } = new(
        "invalid", $"'schedule': {ScanSchedule.Requirement}", "The schedule is malformed.");

    public static FieldError AdoptNewNeedsProject { get; } = new(
        "required", "'adopt_new' needs a 'project': new objects are adopted into the store's project.",
        "A store without a project cannot adopt new objects.");

    public static FieldError TooManyRescanPatterns { get; } = new(
        "max_length", "At most {count} patterns of {length} characters together are expected in '{field}'.",
        "The rescan policy has too many patterns.");

    public static FieldError RescanPatternsTooLong { get; } = new(
        "max_length", $"'include' and 'exclude': {KeyGlobs.TooLong}", "The patterns of the rescan policy are too long.");

    public static FieldError NotARescanPattern { get; } = new(
        "invalid", $"'{{field}}': {KeyGlob.Requirement}", "A pattern of the rescan policy is malformed.");

    public static FieldError NotAProject { get; } = new(
        "invalid", "A project's id is expected.", "The value is neither the id of a project nor an object that has it.");

    public static FieldError NoBucket { get; } = new(
        "required", "The name of a bucket is expected in 'bucket'.", "The configuration names no bucket.");

    public static FieldError BucketStays { get; } = new(
        "immutable", "A store keeps its bucket: datums name it. Make another store.", "A store cannot move to another bucket.");

    public static FieldError NotABucketName { get; } = new(
        "invalid", "A bucket's name has letters, digits, dots, dashes and underscores: 'bucket'.",
        "The name of the bucket is malformed.");

    public static FieldError NotARegion { get; } = new(
        "invalid", "A region is expected in 'region', such as eu-west-1.", "The region is malformed.");

    public static FieldError NotAnAccessKey { get; } = new(
        "invalid", "An access key's id is expected in 'access_key_id': up to 128 letters, digits and signs.",
        "The id of the access key is malformed.");

    public static FieldError SecretWithoutKey { get; } = new(
        "required", "A secret belongs to an access key: 'access_key_id' is missing.",
        "The configuration has a secret, but no access key.");

    public static FieldError RoleNeedsKey { get; } = new(
        "required", "At a custom endpoint a role needs an access key: 'access_key_id' is missing.",
        "The registry does not use its own identity at a custom endpoint.");

    public static FieldError NoExternalIdWithIdentity { get; } = new(
        "not_supported", "A role that the registry's own identity assumes takes no external id: leave 'external_id' out.",
        "A web identity takes no external id.");

    public static FieldError AnonymousWithCredentials { get; } = new(
        "invalid", "'anonymous' reads without credentials: leave 'access_key_id' and 'role_arn' out.",
        "The configuration asks for both.");

    public static FieldError AnonymousPays { get; } = new(
        "invalid", "Nobody can be charged for anonymous requests: 'requester_pays' needs credentials.",
        "The configuration asks for both.");

    public static FieldError KeyNeedsSecret { get; } = new(
        "required", "An access key needs its 'secret_access_key'. Give it again if the key, the endpoint or the role changes.",
        "The stored secret is not sent to another place.");

    public static FieldError NotARole { get; } = new(
        "invalid", "A role is expected in 'role_arn', such as arn:aws:iam::123456789012:role/name.", "The role is malformed.");

    public static FieldError ExternalIdWithoutRole { get; } = new(
        "required", "An external id belongs to a role: 'role_arn' is missing.", "The configuration has an external id, but no role.");

    public static FieldError NotAnExternalId { get; } = new(
        "invalid", "2 to 1224 letters, digits and signs of +=,.@:/- are expected in 'external_id'.", "The external id is malformed.");

    public static FieldError EndpointTooLong { get; } = new(
        "max_length", "At most {max} characters are expected in 'endpoint_url'.", "The endpoint is too long.");

    public static FieldError NotAnEndpoint { get; } = new(
        "invalid", "'endpoint_url' must be an http or https URL of a host, a port and a path only.",
        "The endpoint is malformed.");

    public static FieldError OnlyPrefix { get; } = new(
        "invalid", "Only '{prefix}' is supported, not '{path}'.", "`paths` has an unknown name.");

    public static FieldError PrefixStays { get; } = new(
        "immutable", "A store keeps its prefix: datums lie in it. Make another store.", "A store cannot move to another prefix.");

    public static FieldError PrefixTooLong { get; } = new(
        "max_length", "A prefix has at most {max} bytes.", "The prefix is longer than any key.");
}

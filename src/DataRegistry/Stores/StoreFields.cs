using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Stores.S3;

namespace DataRegistry.Stores;

/// <summary>A store from what a request says, checked; a wrong field ends the request with its error.</summary>
static partial class StoreFields
{
    public const string PrefixPath = "prefix";

    const string Configuration = "configuration";
    const int MaxNameLength = 100;
    const int MaxEndpointLength = 1000;
    const int MaxSecretLength = 1000;
    const string Rescan = "rescan";
    const int MaxPatterns = 50;

    /// <summary>A row's string holds 32K characters, and JSON may need six for one.</summary>
    const int MaxPatternsLength = 5000;

    /// <param name="old">The store that is changed; null for a new one. Its bucket and prefix stay, and its secret if none is given for the
    /// same key at the same endpoint.</param>
    /// <param name="project">That of the body's <c>project</c>; null for none.</param>
    /// <param name="options">Whether, and where, the registry's own identity assumes roles.</param>
    public static Store Read(NewStoreBody body, Store? old, Project? project, StoreOptions options)
    {
        var name = Fields.Name("name", body.Name, MaxNameLength).Trim();
        if (body.Type is not (null or "s3"))
            throw Wrong("type", "Only 's3' is supported.", "invalid_choice");
        if (body.AllowUriDownload is true)
            throw Wrong("allow_uri_download", "Only what was adopted can be downloaded.", "not_supported");
        var mode = body.AccessMode is null ? StoreAccessMode.Public : Fields.Choice<StoreAccessMode>("access_mode", body.AccessMode);
        if (mode == StoreAccessMode.SingleProject && project is null)
            throw new ApiException(ApiError.Required("project"));
        return new()
        {
            Id = old?.Id ?? Guid.CreateVersion7(),
            Name = name,
            Configuration = Read(body.Configuration, old?.Configuration, options),
            Prefix = Prefix(body.Paths, old),
            Project = project?.Id,
            Cluster = project?.Cluster ?? Cluster.DefaultId,
            AccessMode = mode,
            AllowRead = body.AllowRead ?? true,
            AllowWrite = body.AllowWrite ?? false,
            AllowAdopt = body.AllowAdopt ?? true,
            Rescan = Read(body.Rescan, project),
            HashAdopted = body.HashAdopted is null ? HashAdopted.Small : Fields.Choice<HashAdopted>("hash_adopted", body.HashAdopted),
        };
    }

    static RescanPolicy Read(RescanBody? body, Project? project)
    {
        if (body is null)
            return RescanPolicy.Default;
        var schedule = body.Schedule is not { Length: > 0 } text
            ? null
            : ScanSchedule.TryParse(text, out var parsed)
                ? parsed
                : throw Wrong(Rescan, $"'schedule': {ScanSchedule.Requirement}", "invalid");
        if (body.AdoptNew is true && project is null)
            throw Wrong(
                Rescan, "New objects are adopted into the store's project, and this store has none: 'adopt_new' needs a 'project'.",
                "required");
        return new(
            schedule, body.AdoptChanged ?? false, body.AdoptNew ?? false, Patterns("include", body.Include),
            Patterns("exclude", body.Exclude));
    }

    static IReadOnlyList<string> Patterns(string name, IReadOnlyList<string>? patterns) =>
        patterns is null ? []
        : patterns.Count > MaxPatterns || patterns.Sum(p => p?.Length ?? 0) > MaxPatternsLength
            ? throw Wrong(
                Rescan, $"At most {MaxPatterns} patterns of {MaxPatternsLength} characters together are expected in '{name}'.",
                "max_length")
        : patterns.All(p => KeyGlob.TryParse(p, out _)) ? patterns
        : throw Wrong(Rescan, $"'{name}': {KeyGlob.Requirement}", "invalid");

    /// <summary>The id of the body's project; null for none.</summary>
    public static string? ProjectId(NewStoreBody body) => body.Project switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } id => Text(id),
        { ValueKind: JsonValueKind.Object } project when project.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.String =>
            Text(id),
        _ => throw Wrong("project", "A project's id is expected.", "invalid"),
    };

    // Half of a surrogate pair, which JSON can carry, is no text.
    static string? Text(JsonElement id)
    {
        try
        {
            return id.GetString();
        }
        catch (InvalidOperationException)
        {
            throw Wrong("project", "A project's id is expected.", "invalid");
        }
    }

    static StoreConfiguration Read(NewStoreConfigurationBody? body, StoreConfiguration? old, StoreOptions options)
    {
        if (string.IsNullOrEmpty(body?.Bucket))
            throw Wrong(Configuration, "The name of a bucket is expected in 'bucket'.", "required");
        if (old is not null && body.Bucket != old.Bucket)
            throw Wrong(Configuration, "A store keeps its bucket: datums name it. Make another store.", "immutable");
        // It becomes a part of a host name, as does the region: neither may name another host.
        if (!Bucket().IsMatch(body.Bucket))
            throw Wrong(Configuration, "A bucket's name has letters, digits, dots, dashes and underscores: 'bucket'.", "invalid");
        if (body.Region is { Length: > 0 } region && !Region().IsMatch(region))
            throw Wrong(Configuration, "A region is expected in 'region', such as eu-west-1.", "invalid");
        var (role, externalId) = Role(body);
        var endpoint = body.EndpointUrl is { Length: > 0 } url ? Endpoint(url) : null;
        var accessKey = body.AccessKeyId is { Length: > 0 } id ? id : null;
        if (accessKey is not null && !AccessKey().IsMatch(accessKey))
            throw Wrong(
                Configuration, "An access key's id is expected in 'access_key_id': up to 128 letters, digits and signs.", "invalid");
        var secret = body.SecretAccessKey is { Length: > 0 } given ? Fields.Line(Configuration, given, MaxSecretLength) : null;
        if (secret is not null && accessKey is null)
            throw Wrong(Configuration, "A secret belongs to an access key: 'access_key_id' is missing.", "required");
        if (role is not null && endpoint is not null && accessKey is null && !WebIdentity.IsEndpoint(endpoint, options.WebIdentityEndpoint))
            throw Wrong(
                Configuration, "At an endpoint of its own a role is assumed with an access key: 'access_key_id' is missing.", "required");
        if (externalId is not null && accessKey is null && options.WebIdentityAudience is { Length: > 0 })
            throw Wrong(
                Configuration, "A role that is assumed with the registry's own identity takes no external id: leave 'external_id' out.",
                "not_supported");
        var anonymous = body.Anonymous ?? false;
        if (anonymous && (accessKey is not null || role is not null))
            throw Wrong(Configuration, "'anonymous' reads without credentials: leave 'access_key_id' and 'role_arn' out.", "invalid");
        if (anonymous && body.RequesterPays is true)
            throw Wrong(Configuration, "Nobody can be charged for anonymous requests: 'requester_pays' needs credentials.", "invalid");
        // Nobody may have a secret that they do not know sent to another server, or used to assume another role.
        if (accessKey is not null && secret is null && old is not null && accessKey == old.AccessKeyId && endpoint == old.EndpointUrl
            && role == old.RoleArn)
            secret = old.SecretAccessKey;
        if (accessKey is not null && secret is null)
            throw Wrong(
                Configuration, "An access key needs its 'secret_access_key', anew if the key, the endpoint or the role changes.",
                "required");
        return new(
            body.Bucket, body.Region is { Length: > 0 } ? body.Region : null, endpoint, accessKey, secret, role, externalId,
            body.RequesterPays ?? false, anonymous);
    }

    static (string? Role, string? ExternalId) Role(NewStoreConfigurationBody body)
    {
        var role = body.RoleArn is { Length: > 0 } arn ? arn : null;
        if (role is not null && !RoleArn().IsMatch(role))
            throw Wrong(Configuration, "A role is expected in 'role_arn', such as arn:aws:iam::123456789012:role/name.", "invalid");
        var externalId = body.ExternalId is { Length: > 0 } id ? id : null;
        if (externalId is not null && role is null)
            throw Wrong(Configuration, "An external id belongs to a role: 'role_arn' is missing.", "required");
        return externalId is null || ExternalId().IsMatch(externalId) ? (role, externalId)
            : throw Wrong(Configuration, "2 to 1224 letters, digits and signs of +=,.@:/- are expected in 'external_id'.", "invalid");
    }

    static string Endpoint(string text) =>
        text.Length > MaxEndpointLength
            ? throw Wrong(Configuration, $"At most {MaxEndpointLength} characters are expected in 'endpoint_url'.", "max_length")
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url is { UserInfo: "", Query: "", Fragment: "" } && !text.Any(char.IsControl) ? text
        : throw Wrong(
            Configuration, "The endpoint is no http or https URL, or has more than host, port and path: 'endpoint_url'.", "invalid");

    static string Prefix(Dictionary<string, string?>? paths, Store? old)
    {
        if (paths?.Keys.FirstOrDefault(k => k is not PrefixPath) is { } unknown)
            throw Wrong(
                "paths", $"Only '{PrefixPath}' is supported, not '{(unknown.Length > 100 ? $"{unknown.AsSpan(0, 100)}…" : unknown)}'.",
                "invalid");
        var prefix = paths?.GetValueOrDefault(PrefixPath) ?? (paths is null ? old?.Prefix : null) ?? "";
        if (old is not null && prefix != old.Prefix)
            throw Wrong("paths", "A store keeps its prefix: datums lie in it. Make another store.", "immutable");
        return Encoding.UTF8.GetByteCount(prefix) > S3Url.MaxKeyBytes
            ? throw Wrong("paths", $"A prefix has at most {S3Url.MaxKeyBytes} bytes.", "max_length")
            : Fields.Line("paths", prefix, S3Url.MaxKeyBytes)!;
    }

    static ApiException Wrong(string field, string text, string code) => new(new ApiError.Field(field, text, code));

    // S3 has had buckets of more than its present 63 characters; other servers still do.
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bucket();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9-]{0,49}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Region();

    [GeneratedRegex(@"^[!-~]{1,128}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AccessKey();

    // AWS Security Token Service API reference, AssumeRole.
    [GeneratedRegex(@"^[A-Za-z0-9_+=,.@:/-]{2,1224}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExternalId();

    // Other servers' accounts are empty, or a tenant's name.
    [GeneratedRegex(
        @"^arn:aws[a-z-]*:iam::[A-Za-z0-9-]{0,64}:role/[A-Za-z0-9+=,.@_/-]{1,576}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RoleArn();
}

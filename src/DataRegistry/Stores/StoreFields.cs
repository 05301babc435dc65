using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Stores.S3;

namespace DataRegistry.Stores;

/// <summary>Reads and checks a store from a request. A wrong field ends the request with its error.</summary>
static partial class StoreFields
{
    public const string PrefixPath = "prefix";

    const string Configuration = "configuration";
    const int MaxNameLength = 100;
    const int MaxEndpointLength = 1000;
    const int MaxSecretLength = 1000;
    const string Rescan = "rescan";
    const int MaxPatterns = 50;

    /// <summary>A row's string has at most 32K characters, and JSON may need six for one.</summary>
    const int MaxPatternsLength = 5000;

    /// <param name="old">The store to change; null for a new one. Its bucket and prefix stay. Its secret stays if the
    /// body gives none and the key and the endpoint are the same.</param>
    /// <param name="project">The project of the body's <c>project</c>; null if none.</param>
    /// <param name="options">Whether, and where, the registry's own identity assumes roles.</param>
    public static Store Read(NewStoreBody body, Store? old, Project? project, StoreOptions options)
    {
        var name = Fields.Name("name", body.Name, MaxNameLength).Trim();
        if (body.Type is not (null or "s3"))
            throw StoreErrors.OnlyS3.On("type");
        if (body.AllowUriDownload is true)
            throw StoreErrors.NoUriDownloads.On("allow_uri_download");
        var mode = body.AccessMode is { } given ? Fields.Choice<StoreAccessMode>("access_mode", given) : DefaultMode(old, project);
        if (mode == StoreAccessMode.SingleProject && project is null)
            throw CommonErrors.Required.On("project");
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
            Rescan = Read(body.Rescan, old?.Rescan, project),
            HashAdopted = body.HashAdopted is null ? HashAdopted.Small : Fields.Choice<HashAdopted>("hash_adopted", body.HashAdopted),
        };
    }

    /// <summary>A store keeps its mode. The bucket of a project is the project's own, until somebody says otherwise.</summary>
    static StoreAccessMode DefaultMode(Store? old, Project? project) =>
        old?.AccessMode ?? (project is null ? StoreAccessMode.Public : StoreAccessMode.SingleProject);

    /// <param name="old">The store's present policy. It may keep longer patterns from before the bound existed.</param>
    static RescanPolicy Read(RescanBody? body, RescanPolicy? old, Project? project)
    {
        if (body is null)
            return RescanPolicy.Default;
        var schedule = body.Schedule is not { Length: > 0 } text
            ? null
            : ScanSchedule.TryParse(text, out var parsed)
                ? parsed
                : throw StoreErrors.NotASchedule.On(Rescan);
        if (body.AdoptNew is true && project is null)
            throw StoreErrors.AdoptNewNeedsProject.On(Rescan);
        var (include, exclude) = (Patterns("include", body.Include), Patterns("exclude", body.Exclude));
        var isKept = old is not null && include.SequenceEqual(old.Include, StringComparer.Ordinal)
            && exclude.SequenceEqual(old.Exclude, StringComparer.Ordinal);
        if (!isKept && include.Concat(exclude).Sum(KeyGlobs.BytesOf) > KeyGlobs.MaxBytes)
            throw StoreErrors.RescanPatternsTooLong.On(Rescan);
        return new(schedule, body.AdoptChanged ?? false, body.AdoptNew ?? false, include, exclude);
    }

    static IReadOnlyList<string> Patterns(string name, IReadOnlyList<string>? patterns) =>
        patterns is null ? []
        : patterns.Count > MaxPatterns || patterns.Sum(p => p?.Length ?? 0) > MaxPatternsLength
            ? throw StoreErrors.TooManyRescanPatterns.On(Rescan, MaxPatterns, MaxPatternsLength, name)
        : patterns.All(p => KeyGlob.TryParse(p, out _)) ? patterns
        : throw StoreErrors.NotARescanPattern.On(Rescan, name);

    /// <summary>The id of the body's project; null if none.</summary>
    public static string? ProjectId(NewStoreBody body) => body.Project switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } id => Text(id),
        { ValueKind: JsonValueKind.Object } project when project.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.String =>
            Text(id),
        _ => throw StoreErrors.NotAProject.On("project"),
    };

    // JSON can carry half of a surrogate pair, which is no text.
    static string? Text(JsonElement id)
    {
        try
        {
            return id.GetString();
        }
        catch (InvalidOperationException)
        {
            throw StoreErrors.NotAProject.On("project");
        }
    }

    static StoreConfiguration Read(NewStoreConfigurationBody? body, StoreConfiguration? old, StoreOptions options)
    {
        if (string.IsNullOrEmpty(body?.Bucket))
            throw StoreErrors.NoBucket.On(Configuration);
        if (old is not null && body.Bucket != old.Bucket)
            throw StoreErrors.BucketStays.On(Configuration);
        // Bucket and region become parts of a host name, so neither may contain characters that lead to another host.
        if (!Bucket().IsMatch(body.Bucket))
            throw StoreErrors.NotABucketName.On(Configuration);
        if (body.Region is { Length: > 0 } region && !Region().IsMatch(region))
            throw StoreErrors.NotARegion.On(Configuration);
        var (role, externalId) = Role(body);
        var endpoint = body.EndpointUrl is { Length: > 0 } url ? Endpoint(url) : null;
        var accessKey = body.AccessKeyId is { Length: > 0 } id ? id : null;
        if (accessKey is not null && !AccessKey().IsMatch(accessKey))
            throw StoreErrors.NotAnAccessKey.On(Configuration);
        var secret = body.SecretAccessKey is { Length: > 0 } given ? Fields.Line(Configuration, given, MaxSecretLength) : null;
        if (secret is not null && accessKey is null)
            throw StoreErrors.SecretWithoutKey.On(Configuration);
        if (role is not null && endpoint is not null && accessKey is null && !WebIdentity.IsEndpoint(endpoint, options.WebIdentityEndpoint))
            throw StoreErrors.RoleNeedsKey.On(Configuration);
        if (externalId is not null && accessKey is null && options.WebIdentityAudience is { Length: > 0 })
            throw StoreErrors.NoExternalIdWithIdentity.On(Configuration);
        var anonymous = body.Anonymous ?? false;
        if (anonymous && (accessKey is not null || role is not null))
            throw StoreErrors.AnonymousWithCredentials.On(Configuration);
        if (anonymous && body.RequesterPays is true)
            throw StoreErrors.AnonymousPays.On(Configuration);
        // A caller who does not know the secret must not send it to another server, or use it to assume another role.
        if (accessKey is not null && secret is null && old is not null && accessKey == old.AccessKeyId && endpoint == old.EndpointUrl
            && role == old.RoleArn)
            secret = old.SecretAccessKey;
        if (accessKey is not null && secret is null)
            throw StoreErrors.KeyNeedsSecret.On(Configuration);
        return new(
            body.Bucket, body.Region is { Length: > 0 } ? body.Region : null, endpoint, accessKey, secret, role, externalId,
            body.RequesterPays ?? false, anonymous);
    }

    static (string? Role, string? ExternalId) Role(NewStoreConfigurationBody body)
    {
        var role = body.RoleArn is { Length: > 0 } arn ? arn : null;
        if (role is not null && !RoleArn().IsMatch(role))
            throw StoreErrors.NotARole.On(Configuration);
        var externalId = body.ExternalId is { Length: > 0 } id ? id : null;
        if (externalId is not null && role is null)
            throw StoreErrors.ExternalIdWithoutRole.On(Configuration);
        return externalId is null || ExternalId().IsMatch(externalId) ? (role, externalId)
            : throw StoreErrors.NotAnExternalId.On(Configuration);
    }

    static string Endpoint(string text) =>
        text.Length > MaxEndpointLength
            ? throw StoreErrors.EndpointTooLong.On(Configuration, MaxEndpointLength)
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url is { UserInfo: "", Query: "", Fragment: "" } && !text.Any(char.IsControl) ? text
        : throw StoreErrors.NotAnEndpoint.On(Configuration);

    static string Prefix(Dictionary<string, string?>? paths, Store? old)
    {
        if (paths?.Keys.FirstOrDefault(k => k is not PrefixPath) is { } unknown)
            throw StoreErrors.OnlyPrefix.On("paths", PrefixPath, unknown.Length > 100 ? $"{unknown.AsSpan(0, 100)}…" : unknown);
        var prefix = paths?.GetValueOrDefault(PrefixPath) ?? (paths is null ? old?.Prefix : null) ?? "";
        if (old is not null && prefix != old.Prefix)
            throw StoreErrors.PrefixStays.On("paths");
        return Encoding.UTF8.GetByteCount(prefix) > S3Url.MaxKeyBytes
            ? throw StoreErrors.PrefixTooLong.On("paths", S3Url.MaxKeyBytes)
            : Fields.Line("paths", prefix, S3Url.MaxKeyBytes)!;
    }

    // Today S3's limit is 63 characters, but old buckets and other servers have longer names.
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}\z")]
    private static partial Regex Bucket();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9-]{0,49}\z")]
    private static partial Regex Region();

    [GeneratedRegex(@"^[!-~]{1,128}\z")]
    private static partial Regex AccessKey();

    // AWS Security Token Service API reference, AssumeRole.
    [GeneratedRegex(@"^[A-Za-z0-9_+=,.@:/-]{2,1224}\z")]
    private static partial Regex ExternalId();

    // Other servers have an empty account, or a tenant's name.
    [GeneratedRegex(@"^arn:aws[a-z-]*:iam::[A-Za-z0-9-]{0,64}:role/[A-Za-z0-9+=,.@_/-]{1,576}\z")]
    private static partial Regex RoleArn();
}

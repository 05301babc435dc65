using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using Microsoft.OpenApi;

namespace DataRegistry.Stores;

/// <summary>A store on the wire, without its secret.</summary>
/// <param name="Owner">The store's cluster.</param>
/// <param name="Paths"><c>prefix</c>, if the store is only a part of its bucket.</param>
/// <param name="AllowWrite">The value that a client set. The registry never writes to a bucket.</param>
/// <param name="HashAdopted">The adopted objects that are read for their hashes: <c>small</c>, <c>all</c> or
/// <c>none</c>.</param>
/// <param name="AllowUriDownload">Always false: only datums can be downloaded.</param>
sealed record StoreBody(
    Guid Id, string Name, string Type, Guid Owner, StoreProjectBody? Project, StoreConfigurationBody Configuration,
    IReadOnlyDictionary<string, string> Paths,
    string UriPrefix, bool AllowRead, bool AllowWrite, bool AllowAdopt, string HashAdopted, string AccessMode, bool AllowUriDownload,
    DateTimeOffset Ctime, DateTimeOffset Mtime, bool Deleted, string Url, RescanBody Rescan, LastScanBody? LastRescan)
{
    /// <param name="scan">The state of its scans; null if there is none.</param>
    public static StoreBody From(Store store, ScanRow? scan, string publicUrl) => new(
        store.Id, store.Name, "s3", store.Cluster, store.Project is { } project ? new(project) : null,
        new(store.Configuration.Bucket, store.Configuration.Region, store.Configuration.EndpointUrl,
            store.Configuration.AccessKeyId, store.Configuration.RoleArn, store.Configuration.ExternalId,
            store.Configuration.RequesterPays ? true : null, store.Configuration.Anonymous ? true : null),
        store.Prefix.Length == 0 ? [] : new Dictionary<string, string>(StringComparer.Ordinal) { [StoreFields.PrefixPath] = store.Prefix },
        store.UriPrefix,
        store.AllowRead, store.AllowWrite, store.AllowAdopt, Fields.WireName(store.HashAdopted), Fields.WireName(store.AccessMode),
        AllowUriDownload: false,
        store.CTime, store.MTime, store.Deleted, $"{publicUrl}/api/v0/stores/{store.Id}/", RescanBody.From(store.Rescan),
        LastScanBody.From(scan));
}

/// <summary>When a store is scanned, and what the scan adopts; see <see cref="RescanPolicy"/>.</summary>
/// <param name="Schedule">Null for the schedule of the settings.</param>
sealed record RescanBody(
    string? Schedule, bool? AdoptChanged, bool? AdoptNew, IReadOnlyList<string>? Include, IReadOnlyList<string>? Exclude)
{
    public static RescanBody From(RescanPolicy policy) =>
        new(policy.Schedule?.Text, policy.AdoptChanged, policy.AdoptNew, policy.Include, policy.Exclude);
}

sealed record StoreProjectBody(Guid Id);

/// <param name="ExternalId">Left out if there is none.</param>
/// <param name="RequesterPays">True if requests say that their caller pays for them; else left out.</param>
/// <param name="Anonymous">True if the bucket is read without credentials, even at Amazon; else left out.</param>
sealed record StoreConfigurationBody(
    string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? RoleArn, [property: JsonIgnore(
        Condition = JsonIgnoreCondition.WhenWritingNull)] string? ExternalId,
    [property: JsonIgnore(
        Condition = JsonIgnoreCondition.WhenWritingNull)] bool? RequesterPays, [property: JsonIgnore(
            Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Anonymous);

/// <summary>
/// The requested fields of a store. Without an access key, AWS gets the host's own credentials, and other servers none.
/// </summary>
/// <param name="Project">A project's id, or an object with it, like in answers.</param>
/// <param name="AccessMode">Decides who sees the store and who may adopt from it. <c>public</c>: callers with a token.
/// <c>single_project</c>: callers with a role at its project, into that project only. <c>teams</c> and <c>owner_organization</c>: callers
/// with a role in its cluster. By default a new store with a project is <c>single_project</c>, and one without is <c>public</c>. A store
/// that is changed keeps its mode.</param>
sealed record NewStoreBody(
    string? Name, string? Type, NewStoreConfigurationBody? Configuration,
        [property: WireType(JsonSchemaType.String | JsonSchemaType.Object | JsonSchemaType.Null)] JsonElement? Project,
            Dictionary<string, string?>? Paths,
    bool? AllowRead, bool? AllowWrite, bool? AllowAdopt, string? HashAdopted, string? AccessMode, bool? AllowUriDownload,
    RescanBody? Rescan)
{
    /// <summary>The same request, with the store's present values in place of missing ones.</summary>
    public NewStoreBody Over(Store store) => new(
        Name ?? store.Name, Type,
        new(
            Configuration?.Bucket ?? store.Configuration.Bucket, Configuration?.Region ?? store.Configuration.Region,
            Configuration?.EndpointUrl ?? store.Configuration.EndpointUrl,
            Configuration?.AccessKeyId ?? store.Configuration.AccessKeyId, Configuration?.SecretAccessKey,
            Configuration?.RoleArn ?? store.Configuration.RoleArn,
            Configuration?.ExternalId ?? store.Configuration.ExternalId, Configuration?.RequesterPays ?? store.Configuration.RequesterPays,
            Configuration?.Anonymous ?? store.Configuration.Anonymous),
        Project ?? (store.Project is { } project ? JsonSerializer.SerializeToElement(project, StoreJsonContext.Default.Guid) : null),
        Paths, AllowRead ?? store.AllowRead, AllowWrite ?? store.AllowWrite, AllowAdopt ?? store.AllowAdopt, HashAdopted
            ?? Fields.WireName(store.HashAdopted),
        AccessMode ?? Fields.WireName(store.AccessMode), AllowUriDownload, Over(RescanBody.From(store.Rescan)));

    /// <summary>An empty schedule removes the store's own.</summary>
    RescanBody Over(RescanBody old) => new(
        Rescan?.Schedule ?? old.Schedule, Rescan?.AdoptChanged ?? old.AdoptChanged, Rescan?.AdoptNew ?? old.AdoptNew,
        Rescan?.Include ?? old.Include, Rescan?.Exclude ?? old.Exclude);
}

/// <param name="RequesterPays">The reader of the bucket pays for its requests. They carry <c>x-amz-request-payer</c>,
/// and presigned URLs do too.</param>
/// <param name="Anonymous">The bucket is public. It is read without credentials, even at Amazon, and never with those
/// of the host.</param>
sealed record NewStoreConfigurationBody(
    string? Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey, string? RoleArn, string? ExternalId,
    bool? RequesterPays, bool? Anonymous);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(NewStoreBody))]
[JsonSerializable(typeof(Page<StoreBody>))]
[JsonSerializable(typeof(Guid))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
sealed partial class StoreJsonContext : JsonSerializerContext;

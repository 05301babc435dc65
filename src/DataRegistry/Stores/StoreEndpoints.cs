using System.Text.Json.Serialization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Stores;

static class StoreEndpoints
{
    static readonly StoreJsonContext Json = new(WireJson.Options(StoreJsonContext.Default));

    const int MaxBodyBytes = 64 * 1024;
    const int MaxNameLength = 100;

    public static void MapStores(this IEndpointRouteBuilder api)
    {
        api.MapGet("/stores/", ListAsync);
        api.MapPost("/stores/", CreateAsync);
    }

    /// <summary>
    /// The store that <c>{id}</c> of the route names. A malformed id is a store that is not there: 404, as for any other.
    /// </summary>
    public static async Task<Store> RequiredAsync(this StoreTable stores, string id, CancellationToken cancellationToken) =>
        (Guid.TryParse(id, out var storeId) ? await stores.FindAsync(storeId, cancellationToken) : null) ?? throw new ApiException(ApiError.NotFound());

    /// <summary>Registers a bucket after looking whether it can be used: a store that cannot be listed is refused with the reason.</summary>
    static async Task<IResult> CreateAsync(HttpContext context, StoreTable stores, Buckets buckets)
    {
        var body = await RequestBody.ReadJsonAsync(context, Json.NewStoreBody, MaxBodyBytes);
        if (string.IsNullOrWhiteSpace(body.Name))
            throw new ApiException(ApiError.Required("name"));
        if (body.Name.Length > MaxNameLength)
            throw new ApiException(new ApiError.Field("name", $"At most {MaxNameLength} characters are expected.", "max_length"));
        if (body.Type is not (null or "s3"))
            throw new ApiException(new ApiError.Field("type", "Only 's3' is supported.", "invalid_choice"));
        if (string.IsNullOrEmpty(body.Configuration?.Bucket))
            throw new ApiException(new ApiError.Field("configuration", "The name of a bucket is expected in 'bucket'.", "required"));

        var given = body.Configuration;
        var store = new Store
        {
            Id = Guid.CreateVersion7(),
            Name = body.Name,
            Configuration = new(given.Bucket, given.Region, given.EndpointUrl, given.AccessKeyId, given.SecretAccessKey, RoleArn: null),
        };
        var probe = await ProbeAsync(buckets, store, context.RequestAborted);
        if (probe.Fault is { } fault)
            throw new ApiException(new ApiError.Field("configuration", probe.Message, BucketException.CodeOf(fault)));
        store = await stores.EnsureAsync(store, context.RequestAborted);
        var answer = StoreBody.From(store, PublicUrl.Of(context.Request));
        context.Response.Headers.Location = answer.Url;
        return Results.Json(answer, Json.StoreBody, statusCode: StatusCodes.Status201Created);
    }

    static async Task<BucketProbe> ProbeAsync(Buckets buckets, Store store, CancellationToken cancellationToken)
    {
        try
        {
            return await buckets.Open(store).ProbeAsync(store.Prefix, cancellationToken);
        }
        catch (BucketException e)
        {
            return new(e.Fault, e.Message, Versioning: null);
        }
    }

    static async Task<IResult> ListAsync(HttpContext context, StoreTable stores)
    {
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !Guid.TryParse(cursor, out _))
            throw new ApiException(Paging.BadCursor());
        var (found, next) = await stores.ListAsync(paging.Limit, paging.Cursor, context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(
            new Page<StoreBody>(count, Paging.Next(context, next), null, [.. found.Select(s => StoreBody.From(s, PublicUrl.Of(context.Request)))]),
            Json.PageStoreBody);
    }
}

/// <summary>A store on the wire; its secret is never in it.</summary>
sealed record StoreBody(
    Guid Id, string Name, string Type, string? Owner, string? Project, StoreConfigurationBody Configuration, IReadOnlyDictionary<string, string> Paths,
    string UriPrefix, bool AllowRead, bool AllowWrite, bool AllowAdopt, string AccessMode, bool AllowUriDownload,
    DateTimeOffset Ctime, DateTimeOffset Mtime, bool Deleted, string Url)
{
    public static StoreBody From(Store store, string publicUrl) => new(
        store.Id, store.Name, "s3", Owner: null, Project: null,
        new(store.Configuration.Bucket, store.Configuration.Region, store.Configuration.EndpointUrl, store.Configuration.AccessKeyId, store.Configuration.RoleArn),
        new Dictionary<string, string>(StringComparer.Ordinal), store.UriPrefix,
        AllowRead: true, AllowWrite: false, AllowAdopt: true, AccessMode: "public", AllowUriDownload: false,
        store.CTime, store.CTime, Deleted: false, $"{publicUrl}/api/v0/stores/{store.Id}/");
}

/// <summary>What a new store is made of. Without an access key the host's own credentials are used (AWS only).</summary>
sealed record NewStoreBody(string? Name, string? Type, NewStoreConfigurationBody? Configuration);

sealed record NewStoreConfigurationBody(string? Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey);

sealed record StoreConfigurationBody(string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? RoleArn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NewStoreBody))]
[JsonSerializable(typeof(Page<StoreBody>))]
sealed partial class StoreJsonContext : JsonSerializerContext;

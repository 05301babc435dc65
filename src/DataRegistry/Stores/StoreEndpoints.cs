using System.Text.Json.Serialization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Stores;

static class StoreEndpoints
{
    static readonly StoreJsonContext Json = new(WireJson.Options(StoreJsonContext.Default));

    public static void MapStores(this IEndpointRouteBuilder api) => api.MapGet("/stores/", ListAsync);

    /// <summary>
    /// The store that <c>{id}</c> of the route names. A malformed id is a store that is not there: 404, as for any other.
    /// </summary>
    public static async Task<Store> RequiredAsync(this StoreTable stores, string id, CancellationToken cancellationToken) =>
        (Guid.TryParse(id, out var storeId) ? await stores.FindAsync(storeId, cancellationToken) : null) ?? throw new ApiException(ApiError.NotFound());

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

sealed record StoreConfigurationBody(string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? RoleArn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Page<StoreBody>))]
sealed partial class StoreJsonContext : JsonSerializerContext;

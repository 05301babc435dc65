using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Stores;

/// <summary>Checks which callers see and manage a store, with <see cref="Permissions"/>.</summary>
public sealed class StoreAccess(StoreTable stores, ProjectTable projects, Scopes scopes, Permissions permissions)
{
    /// <summary>
    /// The store that the route's <c>{id}</c> names. 404 for a malformed id, a deleted store, and a store that the
    /// caller may not see.
    /// </summary>
    /// <param name="secret">Whether to decrypt the secret, which a use of the bucket needs.</param>
    public async Task<Store> RequiredAsync(HttpContext context, string id, bool secret = false) =>
        await FindAsync(context, id, secret) is { Deleted: false } store ? store : throw CommonErrors.NotFound.With();

    /// <summary>The store, which may be deleted; null if not found, or not visible to the caller.</summary>
    public async Task<Store?> FindAsync(HttpContext context, string id, bool secret = false)
    {
        if (!Guid.TryParse(id, out var storeId))
            return null;
        var store = secret
            ? await stores.FindAsync(storeId, context.RequestAborted)
            : await stores.FindWithoutSecretAsync(storeId, context.RequestAborted);
        return store is not null && await (await VisibleAsync(context))(store, context.RequestAborted) ? store : null;
    }

    /// <summary>A filter that lets the caller's stores through; valid for one request.</summary>
    public async Task<Func<Store, CancellationToken, ValueTask<bool>>> VisibleAsync(HttpContext context)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var clusters = new Dictionary<Guid, bool>();
        return async (store, token) =>
        {
            if (store.AccessMode == StoreAccessMode.Public)
                return true;
            if (store.AccessMode == StoreAccessMode.SingleProject)
                return rights.Allow(Permission.StoresRead, await ScopeAsync(store, token));
            if (!clusters.TryGetValue(store.Cluster, out var visible))
                clusters[store.Cluster] = visible = await rights.AllowWithinAsync(
                    Permission.StoresRead, Scope.OfCluster(store.Cluster), scopes, token);
            return visible;
        };
    }

    /// <summary>Ends the request with 403 unless the caller may make, change and delete stores in the store's scope.</summary>
    public Task RequireManageAsync(HttpContext context, Store store) => RequireAsync(context, store, Permission.StoresManage);

    /// <summary>
    /// Ends the request with 403 unless the caller has the permission in the store's project, or in the system if it
    /// has none.
    /// </summary>
    public async Task RequireAsync(HttpContext context, Store store, Permission permission) =>
        await permissions.RequireAsync(context, permission, await ScopeAsync(store, context.RequestAborted));

    /// <summary>Whether the caller has the permission in the store's project, or in the system if it has none.</summary>
    public async Task<bool> AllowsAsync(HttpContext context, Store store, Permission permission) =>
        await permissions.AllowsAsync(
            Caller.Of(context), permission, await ScopeAsync(store, context.RequestAborted), context.RequestAborted);

    /// <summary>The store's project, or the system.</summary>
    async Task<Scope> ScopeAsync(Store store, CancellationToken cancellationToken) =>
        store.Project is { } id && await projects.FindAsync(id, cancellationToken) is { } project ? Scope.Of(project) : Scope.System;
}

using System.Text.Json;
using System.Text.Json.Nodes;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Stores;

/// <summary>All endpoints of stores, except the deletion: that one needs the datums, so it is in Datums.</summary>
static class StoreEndpoints
{
    static readonly StoreJsonContext Json = new(WireJson.Options(StoreJsonContext.Default));

    const int MaxBodyBytes = 64 * 1024;

    public static void MapStores(this IEndpointRouteBuilder api)
    {
        api.MapGet("/stores/", ListAsync).WithName("listStores").AnswersPages<StoreBody>("List the stores that you see");
        Describe(api.MapPost("/stores/", CreateAsync).WithName("createStore").TakesJsonOrForm<NewStoreBody>()
            .Answers<StoreBody>("Create a store, after a test of its bucket", StatusCodes.Status201Created));
        api.MapGet("/stores/{id}/", GetAsync).WithName("getStore").Answers<StoreBody>("Get a store, also if it is deleted");
        Describe(api.MapPut(
            "/stores/{id}/",
            (string id, HttpContext context, StoreRequests requests, ScanTable scans, AuditTrail trail) => ChangeAsync(
                id, context, requests, scans, trail, whole: true)).WithName("replaceStore")
            .TakesJsonOrForm<NewStoreBody>()
            .Answers<StoreBody>("Replace a store")
            .WithDescription(
                "Fields that are left out get their defaults, except the bucket, the paths, the secret and the access mode, which stay."));
        Describe(api.MapPatch(
            "/stores/{id}/",
            (string id, HttpContext context, StoreRequests requests, ScanTable scans, AuditTrail trail) => ChangeAsync(
                id, context, requests, scans, trail, whole: false)).WithName("changeStore")
            .TakesJsonOrForm<NewStoreBody>(example: "NewStoreBody.change")
            .Answers<StoreBody>("Change some fields of a store"));
    }

    static void Describe(RouteHandlerBuilder endpoint) => endpoint
        .FailsOn("name", CommonErrors.Required, CommonErrors.TooLong, StoreErrors.StoreNameTaken)
        .FailsOn("configuration", StoreErrors.EndpointOrBucketRefused, StoreErrors.NoBucket, StoreErrors.NotAnEndpoint,
            StoreErrors.KeyNeedsSecret)
        .FailsOn("access_mode", CommonErrors.NotAChoice).FailsOn("project", StoreErrors.NotAProject, OrganizationErrors.NoProject)
        .Fails(AccessErrors.NotPermitted);

    static async Task<IResult> ListAsync(HttpContext context, StoreTable stores, ScanTable scans, StoreAccess access)
    {
        var paging = AccessJson.PagingById(context.Request);
        var (found, next) = await stores.ListAsync(paging.Limit, paging.Cursor, await access.VisibleAsync(context), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        var scanned = await scans.ListAsync(context.RequestAborted);
        return Results.Json(
            new Page<StoreBody>(
                count, Paging.Next(context, next), null,
                [.. found.Select(s => StoreBody.From(s, scanned.GetValueOrDefault(s.Id), PublicUrl.Of(context.Request)))]),
            Json.PageStoreBody);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, ScanTable scans, StoreAccess access) =>
        await AnswerAsync(context, await access.FindAsync(context, id) ?? throw CommonErrors.NotFound.With(), scans);

    static async Task<IResult> CreateAsync(HttpContext context, StoreRequests requests, ScanTable scans, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, Json.NewStoreBody, MaxBodyBytes);
        var store = await requests.CreateAsync(context, body);
        await trail.RecordAsync(context, new("store.created", store.Id.ToString("D")) { Project = store.Project, Details = Facts(store) });
        context.Response.Headers.Location = StoreBody.From(store, scan: null, PublicUrl.Of(context.Request)).Url;
        return await AnswerAsync(context, store, scans, StatusCodes.Status201Created);
    }

    static async Task<IResult> ChangeAsync(
        string id, HttpContext context, StoreRequests requests, ScanTable scans, AuditTrail trail, bool whole)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, Json.NewStoreBody, MaxBodyBytes);
        var (before, after) = await requests.ChangeAsync(context, id, body, whole);
        if (!before.IsLike(after))
        {
            var (old, changed) = (Facts(before), Facts(after));
            var details = new JsonObject();
            foreach (var (name, value) in changed.Where(f => !JsonNode.DeepEquals(f.Value, old[f.Key])))
                details[name] = new JsonObject { ["before"] = old[name]?.DeepClone(), ["after"] = value?.DeepClone() };
            if (before.Configuration.SecretAccessKey != after.Configuration.SecretAccessKey)
                details["secret_access_key"] = "changed";
            await trail.RecordAsync(context, new("store.changed", after.Id.ToString("D")) { Project = after.Project, Details = details });
        }

        return await AnswerAsync(context, after, scans);
    }

    static async Task<IResult> AnswerAsync(HttpContext context, Store store, ScanTable scans, int status = StatusCodes.Status200OK) =>
        Results.Json(
            StoreBody.From(store, await scans.FindAsync(store.Id, context.RequestAborted), PublicUrl.Of(context.Request)), Json.StoreBody,
            statusCode: status);

    /// <summary>The facts about a store that the audit trail records.</summary>
    static JsonObject Facts(Store store) => new()
    {
        ["name"] = store.Name,
        ["uri_prefix"] = store.UriPrefix,
        ["region"] = store.Configuration.Region,
        ["endpoint_url"] = store.Configuration.EndpointUrl,
        ["access_key_id"] = store.Configuration.AccessKeyId,
        ["role_arn"] = store.Configuration.RoleArn,
        ["external_id"] = store.Configuration.ExternalId,
        ["requester_pays"] = store.Configuration.RequesterPays,
        ["anonymous"] = store.Configuration.Anonymous,
        ["project"] = store.Project?.ToString("D"),
        ["access_mode"] = Fields.WireName(store.AccessMode),
        ["allow_read"] = store.AllowRead,
        ["allow_write"] = store.AllowWrite,
        ["allow_adopt"] = store.AllowAdopt,
        ["hash_adopted"] = Fields.WireName(store.HashAdopted),
        ["rescan"] = JsonSerializer.SerializeToNode(RescanBody.From(store.Rescan), Json.RescanBody),
    };
}

/// <summary>Makes and changes stores. Checks the caller, the endpoint and the bucket.</summary>
sealed class StoreRequests(
    StoreTable stores, ProjectTable projects, StoreAccess access, Permissions permissions, EndpointGuard guard, Buckets buckets,
    IOptions<StoreOptions> options)
{
    /// <summary>Registers a bucket after a probe. A bucket that cannot be listed is refused with the reason.</summary>
    public async Task<Store> CreateAsync(HttpContext context, NewStoreBody body)
    {
        var project = await ProjectAsync(context, body);
        var store = StoreFields.Read(body, old: null, project, options.Value);
        await RequireIdentityAsync(context, store);
        await ProbeAsync(store, context.RequestAborted);
        return await stores.CreateAsync(store, context.RequestAborted) ?? throw NameTaken(store.Name);
    }

    /// <summary>Changes a store and returns it before and after.</summary>
    /// <param name="whole">Whether a missing field gets its default. If false, it keeps its value.</param>
    public async Task<(Store Before, Store After)> ChangeAsync(HttpContext context, string id, NewStoreBody body, bool whole)
    {
        var seen = await access.RequiredAsync(context, id);
        var change = await stores.ChangeAsync(
            seen.Id,
            async old =>
            {
                await access.RequireManageAsync(context, old);
                var wanted = whole ? body : body.Over(old);
                // The caller must manage both the old and the new project: a store cannot be moved from or to one that
                // others manage.
                var project = await ProjectAsync(context, wanted);
                var store = StoreFields.Read(wanted, old, project, options.Value);
                if (store.Configuration != old.Configuration || store.Project != old.Project)
                    await RequireIdentityAsync(context, store);
                if (store.Configuration != old.Configuration)
                    await ProbeAsync(store, context.RequestAborted);
                return store;
            },
            context.RequestAborted);
        return change switch
        {
            StoreChange.Done done => (done.Before, done.After),
            StoreChange.NameTaken => throw NameTaken(body.Name ?? seen.Name),
            _ => throw CommonErrors.NotFound.With(),
        };
    }

    /// <summary>
    /// The body's project; null if none. The caller must manage stores there, or in the system if there is none.
    /// </summary>
    async Task<Project?> ProjectAsync(HttpContext context, NewStoreBody body)
    {
        if (StoreFields.ProjectId(body) is { } id)
            return await permissions.ProjectAsync(context, projects, id, Permission.StoresManage);
        await permissions.RequireAsync(context, Permission.StoresManage, Scope.System);
        return null;
    }

    /// <summary>
    /// Checks a store that has no access key. The registry's own identity then assumes its role, or reads its bucket.
    /// That identity may have more rights than the store's manager. So the operator lists roles and buckets, and only a
    /// system administrator may name others.
    /// </summary>
    async Task RequireIdentityAsync(HttpContext context, Store store)
    {
        var configuration = store.Configuration;
        if (configuration is { RoleArn: { } role, AccessKeyId: null })
        {
            if (!AllowList.Has(options.Value.AssumableRoles, role, store.Project) && !await MayNameAnyAsync(context))
                throw Refused(
                    "The setting Stores__AssumableRoles does not list the role for this project: without an access key only a system "
                        + "administrator can name it.", BucketFault.RoleRefused);
        }
        else if (configuration.UsesHostCredentials
            && !AllowList.Has(options.Value.HostBuckets, configuration.Bucket, store.Project) && !await MayNameAnyAsync(context))
        {
            throw Refused(
                "The setting Stores__HostBuckets does not list the bucket for this project: without an access key, a role and an endpoint "
                    + "it is read with the credentials of the registry's host, and only a system administrator can name it. Give the "
                    + "store an access key or a role; a public bucket is read without: set 'anonymous' to true.", BucketFault.AccessDenied);
        }
    }

    ValueTask<bool> MayNameAnyAsync(HttpContext context) =>
        permissions.AllowsAsync(Caller.Of(context), Permission.StoresAnyRole, Scope.System, context.RequestAborted);

    async Task ProbeAsync(Store store, CancellationToken cancellationToken)
    {
        if (store.Configuration.EndpointUrl is { } endpoint
            && await guard.RefusalAsync(new Uri(endpoint), cancellationToken) is { } refusal)
            throw Refused(refusal.Message, refusal.Fault);
        var probe = await buckets.ProbeAsync(store, cancellationToken);
        if (probe.Fault is { } fault)
            throw Refused(probe.Message, fault);
    }

    static ApiException Refused(string message, BucketFault fault) =>
        StoreErrors.EndpointOrBucketRefused.WithCode(BucketException.CodeOf(fault), "configuration", message);

    static ApiException NameTaken(string name) => StoreErrors.StoreNameTaken.On("name", name);
}

using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace DataRegistry.Datums;

/// <summary>
/// Deletes stores. A store that datums refer to needs <c>force</c>. Its row stays for the names of its datums, so a
/// concurrent adoption does no harm.
/// </summary>
static class StoreDeletion
{
    public static void MapStoreDeletion(this IEndpointRouteBuilder api) => api.MapDelete("/stores/{id}/", DeleteAsync)
        .WithName("deleteStore")
        .AnswersNothing("Delete a store")
        .TakesQuery("force", "`true` deletes a store that datums refer to. The datums stay.", JsonSchemaType.Boolean)
        .FailsOn("force", CommonErrors.NotAFlag).Fails(DatumErrors.StoreInUse, AccessErrors.NotPermitted);

    static async Task<IResult> DeleteAsync(
        string id, HttpContext context, StoreAccess access, StoreTable stores, LocationTable locations, AuditTrail trail)
    {
        var store = await access.RequiredAsync(context, id);
        await access.RequireManageAsync(context, store);
        var force = Fields.Query(context.Request, "force") switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw CommonErrors.NotAFlag.On("force"),
        };
        if (!force && await locations.AnyAsync(store.Id, context.RequestAborted))
        {
            throw DatumErrors.StoreInUse.With(store.Name);
        }

        if (!await stores.DeleteAsync(store.Id, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(
            context,
            new("store.deleted", store.Id.ToString("D"))
            {
                Project = store.Project,
                Details = new() { ["name"] = store.Name, ["uri_prefix"] = store.UriPrefix, ["force"] = force },
            });
        return Results.NoContent();
    }
}

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace DataRegistry.DataVolumes;

/// <summary>The endpoints of data volumes. The room's own OpenAPI document, which is the contract's, describes them.</summary>
static class DataVolumeEndpoints
{
    public static void MapDataVolumes(this IEndpointRouteBuilder api)
    {
        api.MapPost("/datavolumes", CreateAsync);
        api.MapGet("/datavolumes/{id}", GetAsync);
        api.MapPatch("/datavolumes/{id}", ChangeAsync);
        api.MapDelete("/datavolumes/{id}", DeleteAsync);
    }

    static async Task<IResult> CreateAsync(
        HttpContext context, DataVolumeTable volumes, DataVolumeAccess access, DataVolumeViews views, AuditTrail trail, TimeProvider clock)
    {
        var body = await RequestBody.ReadJsonAsync(context, DataVolumeJson.Default.NewDataVolumeBody, DataVolumeJson.MaxBodyBytes);
        var project = await access.ProjectAsync(context, "projectId", body.ProjectId, Permission.DataVolumesCreate);
        var name = DataVolumeFields.Name("name", body.Name);
        var caller = Caller.Of(context);
        // To the millisecond, like the time in the id, so that filters find the value that clients read.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());
        var row = RowOf(body, name, project, caller.Name, now);
        // Everything that could fail comes before the commit.
        var answer = JsonSerializer.Serialize(
            await views.ShowAsync(context, row, withSharedScopes: true), DataVolumeJson.Default.DataVolumeBody);
        var repetition = IdempotencyKey.Of(context.Request) is { } key ? RepetitionOf(body, row, caller, key, answer) : null;
        switch (await volumes.CreateAsync(row with { Repetition = repetition?.RowKey }, name, repetition, context.RequestAborted))
        {
            case DataVolumeCreation.NameTaken:
                throw DataVolumeListEndpoints.NameTaken();
            case DataVolumeCreation.TooMany { Max: var max }:
                throw DataVolumeErrors.TooManyVolumes.With(max);
            case DataVolumeCreation.OtherBody:
                throw IdempotencyKey.OtherBody();
            case DataVolumeCreation.Repeated repeated:
                return Created(repeated.Answer);
        }

        await trail.RecordAsync(
            context,
            new("datavolume.created", row.Id.ToString("D"))
            {
                Project = project.Id,
                Details = new() { ["name"] = row.Name, ["pvc"] = row.OriginPvcName },
            });
        return Created(answer);
    }

    static DataVolumeRow RowOf(NewDataVolumeBody body, DataVolumeName name, Project project, string by, DateTimeOffset now)
    {
        var id = DataVolumeId.Create(now, project);
        return new()
        {
            PartitionKey = DataVolumeKeys.Partition(id),
            RowKey = DataVolumeKeys.Volume(id),
            Id = id.Value.ToGuid(),
            Name = name.Value,
            Description = DataVolumeFields.Text("description", body.Description, DataVolumeFields.MaxDescription),
            OriginPvcName = DataVolumeFields.Text(
                "originPvcName", Fields.Name("originPvcName", body.OriginPvcName, DataVolumeFields.MaxObjectName),
                DataVolumeFields.MaxObjectName)!,
            Project = project.Id,
            Department = project.Department,
            Cluster = project.Cluster,
            DeleteOriginal = body.ShouldDeleteOriginalVolume ?? false,
            CreatedAt = now,
            CreatedBy = by,
            UpdatedAt = now,
            UpdatedBy = by,
            Generation = 1,
        };
    }

    /// <summary>The row of the Idempotency-Key: the answer, and the hash of the request's body.</summary>
    static RepetitionRow RepetitionOf(NewDataVolumeBody body, DataVolumeRow row, Caller caller, string key, string answer)
    {
        var named = body with { ProjectId = row.Project.ToString("D") };
        return new()
        {
            PartitionKey = row.PartitionKey,
            RowKey = DataVolumeKeys.Repetition(caller.Id, key),
            Volume = row.Id,
            Answer = answer,
            CreatedAt = row.CreatedAt,
            Body = Convert.ToHexStringLower(
                SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(named, DataVolumeJson.Default.NewDataVolumeBody))),
        };
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DataVolumeAccess access, DataVolumeViews views) => Results.Json(
        await views.ShowAsync(context, await access.RequiredAsync(context, id, Permission.DataVolumesRead), withSharedScopes: true),
        DataVolumeJson.Default.DataVolumeBody);

    static async Task<IResult> ChangeAsync(string id, HttpContext context, DataVolumeServices services)
    {
        var (volumes, access, views, _, trail, clock) = services;
        var found = await access.RequiredAsync(context, id, Permission.DataVolumesUpdate);
        var body = await RequestBody.ReadJsonAsync(context, DataVolumeJson.Default.DataVolumePatchBody, DataVolumeJson.MaxBodyBytes);
        var description = DataVolumeFields.Text("description", body.Description, DataVolumeFields.MaxDescription);
        var before = found.Description;
        var changed = await volumes.ChangeAsync(DataVolumeId.Of(found), row =>
        {
            before = row.Description;
            return description is null || description == row.Description ? row
                : row with { Description = description, UpdatedAt = clock.GetUtcNow(), UpdatedBy = Caller.Of(context).Name };
        }, context.RequestAborted) ?? throw CommonErrors.NotFound.With();
        if (changed.Description != before)
        {
            await trail.RecordAsync(context, new("datavolume.changed", changed.Id.ToString("D"))
            {
                Project = changed.Project,
                Details = new() { ["description"] = new JsonObject { ["before"] = before, ["after"] = changed.Description } },
            });
        }

        return Results.Json(await views.ShowAsync(context, changed, withSharedScopes: false), DataVolumeJson.Default.DataVolumeBody);
    }

    /// <summary>
    /// Answers 202 with a body in every cluster, because generated clients break on an empty 204. With an agent the
    /// volume stays until the agent has deleted it, and the request may be repeated. Without an agent it is deleted at
    /// once.
    /// </summary>
    static async Task<IResult> DeleteAsync(string id, HttpContext context, DataVolumeServices services)
    {
        var (volumes, access, _, agents, trail, clock) = services;
        var found = await access.RequiredAsync(context, id, Permission.DataVolumesDelete);
        var agent = await agents.OfAsync(found.Cluster, context.RequestAborted);
        if (!agent.Cluster.HasAgent)
        {
            await volumes.RemoveAsync(DataVolumeId.Of(found), check: _ => { }, context.RequestAborted);
            await trail.RecordAsync(context, Event("datavolume.deleted", found));
            return Accepted();
        }

        var began = false;
        var changed = await volumes.ChangeAsync(DataVolumeId.Of(found), row =>
        {
            if (row.InUse && row.DeletingSince is null)
                throw DataVolumeErrors.InUse.With(row.Name);
            began = row.DeletingSince is null;
            return began ? row with { DeletingSince = clock.GetUtcNow() } : row;
        }, context.RequestAborted) ?? throw CommonErrors.NotFound.With();
        if (began)
            await trail.RecordAsync(context, Event("datavolume.deletion_requested", changed));
        return Accepted();

        static IResult Accepted() => Results.Json(
            new AcceptedBody(StatusCodes.Status202Accepted, "Request has been accepted."), DataVolumeJson.Default.AcceptedBody,
            statusCode: StatusCodes.Status202Accepted);
    }

    public static AuditEvent Event(string action, DataVolumeRow row) =>
        new(action, row.Id.ToString("D")) { Project = row.Project, Details = new() { ["name"] = row.Name } };

    static IResult Created(string answer) =>
        Results.Content(
            answer, new MediaTypeHeaderValue("application/json") { Charset = "utf-8" }.ToString(), System.Text.Encoding.UTF8,
            StatusCodes.Status201Created);
}

/// <summary>The services that change and delete data volumes.</summary>
sealed record DataVolumeServices(
    DataVolumeTable Volumes, DataVolumeAccess Access, DataVolumeViews Views, ClusterAgents Agents, AuditTrail Trail, TimeProvider Clock);

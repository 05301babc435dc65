using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datums;

static class MetadataEndpoints
{
    const string Field = "datum_metadata";
    /// <summary>Of one datum, including white space.</summary>
    const int MaxBodyBytes = 256 * 1024;

    const int MaxDatums = 1000;
    const int MaxApplyBytes = 16 * 1024 * 1024;
    const int InFlight = 16;

    const string JsonType = "application/json; charset=utf-8";

    public static void MapMetadata(this IEndpointRouteBuilder api)
    {
        DatumEndpoints.Named(api.MapGet("/data/{id}/metadata/", GetAsync).WithName("getDatumMetadata")
            .Answers<MetadataBody>("Get the properties of a datum")
            .WithDescription("The answer is an empty object if no properties were set."));
        DatumEndpoints.Named(api.MapPost("/data/{id}/metadata/", SetAsync).WithName("setDatumMetadata").Takes<MetadataBody>()
            .Answers<MetadataBody>(
                "Replace the properties of a datum")
            .WithDescription("`valohai.tags` replaces its tags. `valohai.alias` points that alias at the datum.")
            .Fails(DatumErrors.PropertiesNotAnObject, DatumErrors.PropertyNotText, DatumErrors.PropertiesTooLarge)
            .FailsOn("valohai.tags", CommonErrors.NotStrings, DatumErrors.TooManyTags)
            .FailsOn("valohai.alias", DatumErrors.NotAnAliasName));
        api.MapPost("/data/metadata/apply/", ApplyAsync).WithName("applyMetadata").Takes<MetadataOfDatumsBody>()
            .Answers<AppliedBody>($"Replace the properties of up to {MaxDatums} datums")
            .Fails(DatumErrors.PropertiesNotAnObject, DatumErrors.PropertyNotText, DatumErrors.PropertiesTooLarge, CommonErrors.ListTooLong)
            .FailsOn(Field, CommonErrors.Required, DatumErrors.KeyNotADatumId, DatumErrors.DatumGivenTwice, DatumErrors.NoDatum)
            .FailsOn("valohai.tags", CommonErrors.NotStrings, DatumErrors.TooManyTags).Fails(AccessErrors.NotPermitted);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DatumLookup lookup, DatumTable datums)
    {
        var (row, _) = await lookup.RequiredAsync(id, context);
        return Results.Bytes(await datums.FindMetadataAsync(row, context.RequestAborted), JsonType);
    }

    static async Task<IResult> SetAsync(
        string id, HttpContext context, DatumLookup lookup, DatumTable datums, AliasPointing pointing, AuditTrail trail)
    {
        var (row, project) = await lookup.RequiredAsync(id, context, Permission.DataEdit);
        using var body = await RequestBody.ReadJsonAsync(context, DatumEndpoints.Json.JsonDocument, MaxBodyBytes);
        var input = MetadataInput.Parse(body.RootElement, "the datum");
        if (input.Alias is { } wanted)
        {
            await pointing.RequireAsync(context, project);
            await pointing.RequireUsableAsync(project, wanted, MetadataInput.AliasKey, context.RequestAborted);
        }

        await datums.SetMetadataAsync(row, input, Caller.Of(context).Name, context.RequestAborted);
        await trail.RecordAsync(
            context, new("metadata.set", row.Id.ToString()) { Project = project.Id, Details = new() { ["bytes"] = input.Json.Length } });
        if (input.Alias is { } alias)
            await pointing.PointAsync(context, project, alias, row.Id);
        return Results.Bytes(MetadataInput.Compose(input.Kept, input.Tags), JsonType);
    }

    /// <summary>
    /// Checks everything before the first write. It is no transaction: a request that failed in between is repeated,
    /// and changes nothing more.
    /// </summary>
    static async Task<IResult> ApplyAsync(
        HttpContext context, DatumTable datums, ProjectTable projects, Permissions permissions, AliasPointing pointing, AuditTrail trail)
    {
        var inputs = await ReadAsync(context);
        var rows = await datums.FindAsync(inputs.Keys, context.RequestAborted);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var changes = new List<(DatumRow Row, Project Project, MetadataInput Input)>();
        foreach (var (id, input) in inputs)
        {
            // A datum that the caller may not read counts as missing.
            var project = rows.TryGetValue(id, out var row) ? await projects.FindAsync(row.Project, context.RequestAborted) : null;
            if (row is null || project is null || !rights.Allow(Permission.DataRead, Scope.Of(project)))
                throw DatumErrors.NoDatum.On(Field, id);
            if (!rights.Allow(Permission.DataEdit, Scope.Of(project))
                || (input.Alias is not null && !rights.Allow(Permission.AliasesEdit, Scope.Of(project))))
                throw Permissions.Denied();
            if (input.Alias is { } wanted)
                await pointing.RequireUsableAsync(project, wanted, MetadataInput.AliasKey, context.RequestAborted);
            changes.Add((row, project, input));
        }

        await Parallel.ForEachAsync(
            changes, new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = context.RequestAborted },
            async (change, token) => await datums.SetMetadataAsync(change.Row, change.Input, Caller.Of(context).Name, token));
        foreach (var ofProject in changes.GroupBy(c => c.Project.Id))
            await trail.RecordAsync(
                context,
                new("metadata.applied", ofProject.Key.ToString("D"))
                {
                    Project = ofProject.Key,
                    Details = new() { ["datums"] = ofProject.Count() },
                });
        foreach (var (row, project, input) in changes)
        {
            if (input.Alias is { } alias)
                await pointing.PointAsync(context, project, alias, row.Id);
        }

        return Results.Json(new AppliedBody(true, changes.Count), DatumEndpoints.Json.AppliedBody);
    }

    static async Task<Dictionary<DatumId, MetadataInput>> ReadAsync(HttpContext context)
    {
        var body = await RequestBody.ReadJsonAsync(context, DatumEndpoints.Json.MetadataOfDatumsBody, MaxApplyBytes);
        if (body.DatumMetadata is null)
            throw CommonErrors.Required.On(Field);
        if (body.DatumMetadata.Count > MaxDatums)
            throw RequestBody.TooMany(MaxDatums);
        var inputs = new Dictionary<DatumId, MetadataInput>();
        foreach (var (text, properties) in body.DatumMetadata)
        {
            if (!DatumId.TryParse(text, out var id))
                throw DatumErrors.KeyNotADatumId.On(Field, text.Length > 100 ? $"{text.AsSpan(0, 100)}…" : text);
            if (!inputs.TryAdd(id, MetadataInput.Parse(properties, id.ToString())))
                throw DatumErrors.DatumGivenTwice.On(Field, id);
        }

        return inputs;
    }
}

/// <summary>The properties of a datum: any JSON object. The keys valohai.tags and valohai.alias have a meaning.</summary>
sealed record MetadataBody : IFreeJson;

/// <param name="DatumMetadata">Properties by datum id.</param>
sealed record MetadataOfDatumsBody([property: Required] Dictionary<string, JsonElement>? DatumMetadata);

sealed record AppliedBody(bool Ok, int Applied);

using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

static class AdoptionEndpoints
{
    static readonly AdoptionJson Json = new(WireJson.Options(AdoptionJson.Default));

    public static void MapAdoption(this IEndpointRouteBuilder api) => api.MapPost("/stores/{id}/adopt/", AdoptAsync)
        .Takes<AdoptionBody>().Takes<string>("text/plain", "UrlLines").TakesQuery("project", "A project's id, where the body has none")
        .Answers<CreatedBody>($"Adopt a URL, or several, in JSON or as lines of text: up to {AdoptionOptions.MaxUrlsAtOnce} are answered at once, more become a job")
        .OrAnswers<AnswerBody>(StatusCodes.Status200OK).OrAnswers<JobBody>(StatusCodes.Status202Accepted)
        .OrAnswers<MessageBody>(StatusCodes.Status400BadRequest).OrAnswers<AnswerBody>(StatusCodes.Status400BadRequest)
        .OrAnswers<DetailBody>(StatusCodes.Status413PayloadTooLarge).OrAnswers<DetailBody>(StatusCodes.Status503ServiceUnavailable);

    static async Task<IResult> AdoptAsync(string id, HttpContext context, StoreAccess access, ProjectTable projects, AdoptionRequests requests, Permissions permissions, AuditTrail trail, IOptions<AdoptionOptions> options)
    {
        var store = await access.RequiredAsync(context, id, secret: true);
        var body = await ReadAsync(context, options.Value);
        var project = await permissions.ProjectAsync(context, projects, body.Project ?? context.Request.Query["project"], Permission.DataAdopt);
        if (!store.AllowAdopt)
            throw new ApiException(new ApiError.Detail(StatusCodes.Status403Forbidden, $"Store '{store.Name}' does not allow adoptions."));
        if (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id)
            throw new ApiException(new ApiError.Detail(StatusCodes.Status403Forbidden, $"Store '{store.Name}' belongs to another project: adopt into that one."));
        if (body.Prefix is not null)
            throw new ApiException(new ApiError.Field("prefix", "Prefixes cannot be adopted yet. Send the objects' URLs in 'urls'.", "not_supported"));
        if (body.Urls is { Count: 0 } && body.Url is null)
            throw new ApiException(new ApiError.Field("urls", "This list may not be empty.", "empty"));
        List<string?> urls = [.. body.Url is null ? [] : new[] { body.Url }, .. body.Urls ?? []];
        if (urls.Count == 0)
            throw new ApiException(ApiError.Required("url"));
        if (urls.Count > options.Value.MaxUrls)
            throw RequestBody.TooMany(options.Value.MaxUrls);

        var caller = Caller.Of(context);
        var input = AdoptionInput.Sort(urls, store);
        if (urls.Count > AdoptionOptions.MaxUrlsAtOnce)
        {
            var job = await requests.AcceptAsync(store, project, caller.Name, input, context.RequestAborted);
            await trail.RecordAsync(context, new("adoption.accepted", job.JobId.ToString()) { Project = project.Id, Details = new() { ["store"] = store.Id.ToString("D"), ["total"] = job.Total } });
            return Accepted(context, job, project);
        }

        try
        {
            var answer = await requests.AdoptAsync(store, project, caller.Name, input, context.RequestAborted);
            if (answer.Created.Count > 0)
            {
                await trail.RecordAsync(context, new("data.adopted", store.Id.ToString("D"))
                {
                    Project = project.Id,
                    Details = new() { ["adoption"] = answer.Id.ToString(), ["created"] = answer.Created.Count, ["existing"] = answer.Existing.Count, ["failed"] = answer.Errors.Count },
                });
            }

            return body.Urls is null ? One(answer, store) : Several(answer, await ExistingAsync(answer, context, projects, permissions));
        }
        catch (BucketException e)
        {
            throw new ApiException(new ApiError.Detail(StatusCodes.Status503ServiceUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(5) });
        }
    }

    /// <summary>The contract's answer for one URL: created, or a 400 that says why not. Never 404, which its clients read as a wrong path.</summary>
    static IResult One(AdoptionAnswer answer, Store store)
    {
        if (answer.Created.Count > 0)
            return Results.Json(new CreatedBody(true, answer.Created), Json.CreatedBody);
        var failure = answer.Existing.Count > 0 ? AdoptionFailure.Exists(answer.Existing.Keys.Single(), store) : answer.Errors.Single();
        throw new ApiException(new ApiError.Message(StatusCodes.Status400BadRequest, failure.Message, failure.Code));
    }

    static IResult Several(AdoptionAnswer answer, IReadOnlyDictionary<string, DatumId?> existing) => Results.Json(
        new AnswerBody(answer.Errors.Count == 0, answer.Created, existing, [.. answer.Errors.Select(e => new UrlErrorBody(e.Url, e.Message, e.Code))]),
        Json.AnswerBody,
        statusCode: answer.Created.Count + answer.Existing.Count > 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);

    /// <summary>What existed before, without the ids of those datums whose project the caller may not read.</summary>
    static async Task<IReadOnlyDictionary<string, DatumId?>> ExistingAsync(AdoptionAnswer answer, HttpContext context, ProjectTable projects, Permissions permissions)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var existing = new Dictionary<string, DatumId?>(StringComparer.Ordinal);
        foreach (var (url, tracked) in answer.Existing)
        {
            var project = await projects.FindAsync(tracked.Project, context.RequestAborted);
            existing.Add(url, project is not null && rights.Allow(Permission.DataRead, Scope.Of(project)) ? tracked.Datum : null);
        }

        return existing;
    }

    static IResult Accepted(HttpContext context, JobRow job, Project project)
    {
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/adoptions/{job.JobId}/";
        return JobEndpoints.Answer(job, default, project, job.Started ?? default, StatusCodes.Status202Accepted);
    }

    static async Task<AdoptionBody> ReadAsync(HttpContext context, AdoptionOptions limits)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim();
        if (string.Equals(type, "text/plain", StringComparison.OrdinalIgnoreCase))
            return new(null, [.. await RequestBody.ReadLinesAsync(context, limits.MaxBodyBytes, limits.MaxUrls)], null, null);
        if (string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase))
            return await RequestBody.ReadJsonAsync(context, Json.AdoptionBody, limits.MaxBodyBytes);
        throw new ApiException(new ApiError.Detail(
            StatusCodes.Status415UnsupportedMediaType, $"Unsupported media type \"{type}\" in request. Send application/json, or text/plain with one URL a line."));
    }
}

/// <summary>What an adoption asks for.</summary>
sealed record AdoptionBody(string? Url, List<string?>? Urls, string? Prefix, string? Project);

sealed record CreatedBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created);

/// <param name="Existing">Ids are null where the caller may not read the datum.</param>
sealed record AnswerBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing, IReadOnlyList<UrlErrorBody> Errors);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AdoptionBody))]
[JsonSerializable(typeof(CreatedBody))]
[JsonSerializable(typeof(AnswerBody))]
sealed partial class AdoptionJson : JsonSerializerContext;

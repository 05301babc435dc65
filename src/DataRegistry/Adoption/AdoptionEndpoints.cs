using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Access;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

static class AdoptionEndpoints
{
    static readonly AdoptionJson Json = new(WireJson.Options(AdoptionJson.Default));

    /// <summary>The fields of a body, for a form.</summary>
    public static JsonTypeInfo BodyFields => Json.AdoptBody;

    public static void MapAdoption(this IEndpointRouteBuilder api) => api.MapPost("/stores/{id}/adopt/", AdoptAsync)
        .Takes<AdoptBody>().Takes<string>("text/plain", "UrlLines").TakesQuery("project", "A project's id, where the body has none")
        .TakesQuery(
            "dry_run", "With text: true to tell only what would happen").TakesQuery("exclude", "With text: a pattern of keys to leave out")
        .Answers<CreatedBody>(
            $"Adopt a URL, or several, in JSON or as lines of text: up to {JobOptions.MaxUrlsAtOnce} are answered at once, more become a "
                + "job")
        .OrAnswers<AnswerBody>(
            StatusCodes.Status200OK).OrAnswers<DryRunBody>(StatusCodes.Status200OK).OrAnswers<JobBody>(StatusCodes.Status202Accepted)
        .OrAnswers<MessageBody>(StatusCodes.Status400BadRequest).OrAnswers<AnswerBody>(StatusCodes.Status400BadRequest)
        .OrAnswers<DetailBody>(StatusCodes.Status413PayloadTooLarge).OrAnswers<DetailBody>(StatusCodes.Status503ServiceUnavailable);

    /// <summary>
    /// A request is to be answered within 230 seconds (a limit of Azure's own front end), so what a list takes longer to be put away is
    /// given up.
    /// </summary>
    static readonly TimeSpan StagingTime = TimeSpan.FromSeconds(200);

    static async Task<IResult> AdoptAsync(
        string id, HttpContext context, StoreAccess access, ProjectTable projects, AdoptionRequests requests, Permissions permissions,
        JobBlobs blobs, DryRun dryRun, Buckets buckets, AdoptionKeys keys,
        AuditTrail trail, IOptions<JobOptions> options)
    {
        var store = await access.RequiredAsync(context, id, secret: true);
        using var staging = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        staging.CancelAfter(StagingTime);
        try
        {
            await using var urls = new StagedUrls(blobs, options);
            using var hashed = IdempotencyKey.Of(context.Request) is null ? null : new HashedStream(context.Request.Body);
            context.Request.Body = hashed ?? context.Request.Body;
            var body = await AdoptionBody.ReadAsync(context, store, urls, options.Value, staging.Token);
            var project = await permissions.ProjectAsync(
                context, projects, body.Project ?? context.Request.Query["project"], Permission.DataAdopt);
            if (!store.AllowAdopt)
                throw new ApiException(new ApiError.Detail(
                    StatusCodes.Status403Forbidden, $"Store '{store.Name}' does not allow adoptions."));
            if (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id)
                throw new ApiException(new ApiError.Detail(
                    StatusCodes.Status403Forbidden, $"Store '{store.Name}' belongs to another project: adopt into that one."));
            body = body with { Key = body.DryRun ? null : AdoptionKeys.Of(context, hashed, store, project) };
            if (await keys.FindAsync(context, project, body.Key) is { } repeated)
                return repeated;
            if (body.Prefix is not null)
                return await AdoptPrefixAsync(context, store, project, body, requests, dryRun, buckets, keys, trail);
            if (body.Manifest is not null)
                return await AcceptManifestAsync(context, store, project, body, requests, buckets, keys, trail);
            if (urls.Count == 0)
                throw new ApiException(
                    body.HasList ? new ApiError.Field("urls", "This list may not be empty.", "empty") : ApiError.Required("url"));
            if (body.DryRun)
                return await DryRunAsync(store, project, body, urls, dryRun, staging.Token);
            return urls.Count > JobOptions.MaxUrlsAtOnce || !urls.IsInMemory
                ? await AcceptAsync(context, store, project, body, urls, requests, keys, trail, staging.Token)
                : await AdoptAtOnceAsync(context, store, project, body, urls, requests, keys, projects, permissions, trail);
        }
        catch (BucketException e)
        {
            throw new ApiException(e.IsTransient
                ? new ApiError.Detail(StatusCodes.Status503ServiceUnavailable, e.Message) { RetryAfter = TimeSpan.FromSeconds(5) }
                : new ApiError.Message(StatusCodes.Status400BadRequest, e.Message, e.Code));
        }
        catch (OperationCanceledException) when (staging.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw new ApiException(new ApiError.Detail(
                StatusCodes.Status408RequestTimeout,
                $"The list did not arrive and was not put away within {StagingTime.TotalSeconds} seconds. Nothing was adopted: send it in "
                    + "several requests."));
        }
    }

    static async Task<IResult> AcceptAsync(
        HttpContext context, Store store, Project project, AdoptionBody body, StagedUrls urls, AdoptionRequests requests,
        AdoptionKeys keys, AuditTrail trail, CancellationToken stagingToken)
    {
        var start = await requests.AcceptAsync(
            store, project, Caller.Of(context).Name, urls, body.Exclude, body.Key, stagingToken, context.RequestAborted);
        return await AnswerAsync(context, project, body, start, keys, trail, job => new()
        {
            ["store"] = store.Id.ToString("D"),
            ["total"] = job.Total,
        });
    }

    /// <summary>Tells of a job that was started, or of the one that a repetition is about.</summary>
    /// <param name="details">For the audit trail.</param>
    static async Task<IResult> AnswerAsync(
        HttpContext context, Project project, AdoptionBody body, JobStart start, AdoptionKeys keys, AuditTrail trail,
        Func<JobRow, JsonObject> details)
    {
        if (start is JobStart.Repeated { Key: var known } && await keys.RepeatAsync(context, project, body.Key!, known) is { } repeated)
            return repeated;
        var job = StartedOf(start);
        await trail.RecordAsync(context, new("adoption.accepted", job.JobId.ToString()) { Project = project.Id, Details = details(job) });
        return Accepted(context, job, project);
    }

    /// <summary>The job that was started; the end of the request where none was.</summary>
    public static JobRow StartedOf(JobStart start) => start is JobStart.Started { Job: var job } ? job : throw TooManyJobs();

    static async Task<IResult> AdoptAtOnceAsync(
        HttpContext context, Store store, Project project, AdoptionBody body, StagedUrls urls, AdoptionRequests requests,
        AdoptionKeys keys, ProjectTable projects, Permissions permissions, AuditTrail trail)
    {
        var key = body.Key is null ? null : await keys.BeginAsync(project, body.Key, context.RequestAborted);
        if (key is not null && await keys.RepeatAsync(context, project, body.Key!, key) is { } repeated)
            return repeated;
        var input = AdoptionInput.Sort(urls.AsList(), store, body.Exclude);
        var answer = await requests.AdoptAsync(store, project, Caller.Of(context).Name, input, context.RequestAborted, key?.JobId);
        if (answer.Created.Count > 0)
        {
            await trail.RecordAsync(context, new("data.adopted", store.Id.ToString("D"))
            {
                Project = project.Id,
                Details = new()
                {
                    ["adoption"] = answer.Id.ToString(),
                    ["created"] = answer.Created.Count,
                    ["existing"] = answer.Existing.Count,
                    ["failed"] = answer.Errors.Count,
                },
            });
        }

        var given = body.HasList ? Several(answer, await ExistingAsync(answer, context, projects, permissions)) : One(answer, store);
        if (key is not null)
            await keys.EndAsync(key, given);
        return given.Result();
    }

    /// <summary>The file is looked at first, so that what cannot be read is no job.</summary>
    static async Task<IResult> AcceptManifestAsync(
        HttpContext context, Store store, Project project, AdoptionBody body, AdoptionRequests requests, Buckets buckets,
        AdoptionKeys keys, AuditTrail trail)
    {
        if (body.HasUrl || body.HasList || body.DryRun)
            throw new ApiException(new ApiError.Field("manifest", "A manifest comes without 'url', 'urls' and 'dry_run'.", "invalid"));
        if (!S3Url.TryParse(body.Manifest, out var url))
            throw new ApiException(new ApiError.Field("manifest", S3Url.Requirement, "invalid_url"));
        if (!store.Holds(url))
            throw new ApiException(new ApiError.Field(
                "manifest", AdoptionFailure.Outside(body.Manifest!, store).Message, "url_outside_store"));
        S3Object? file;
        try
        {
            file = await buckets.Open(store).HeadAsync(url.Key, cancellationToken: context.RequestAborted);
        }
        catch (BucketException e) when (!e.IsTransient || e.IsKeyRefusal())
        {
            throw new ApiException(new ApiError.Message(StatusCodes.Status400BadRequest, e.Message, e.Code));
        }

        if (file is null)
        {
            var missing = AdoptionFailure.Missing(body.Manifest!, store);
            throw new ApiException(new ApiError.Message(StatusCodes.Status400BadRequest, missing.Message, missing.Code));
        }

        if (file.Size is 0 or > ManifestStaging.MaxBytes)
            throw new ApiException(new ApiError.Field(
                "manifest", $"A file of 1 to {ManifestStaging.MaxBytes} bytes is expected; this one has {file.Size}.",
                file.Size == 0 ? "empty" : "too_large"));
        var start = await requests.AcceptAsync(
            store, project, Caller.Of(context).Name, file, body.Exclude, body.Key, context.RequestAborted);
        return await AnswerAsync(context, project, body, start, keys, trail, _ => new()
        {
            ["store"] = store.Id.ToString("D"),
            ["manifest"] = body.Manifest,
        });
    }

    static async Task<IResult> DryRunAsync(
        Store store, Project project, AdoptionBody body, StagedUrls urls, DryRun dryRun, CancellationToken cancellationToken) =>
        urls.IsInMemory && urls.Count <= DryRun.MaxUrls
            ? Results.Json(await dryRun.RunAsync(store, project, urls.AsList(), body.Exclude, cancellationToken), Json.DryRunBody)
            : throw new ApiException(new ApiError.Field(
                "dry_run", $"At most {DryRun.MaxUrls} URLs are looked at without adopting them; these are {urls.Count}.", "too_many"));

    /// <summary>The bucket is asked first whether it can be listed: a job would only find out later.</summary>
    static async Task<IResult> AdoptPrefixAsync(
        HttpContext context, Store store, Project project, AdoptionBody body, AdoptionRequests requests, DryRun dryRun, Buckets buckets,
        AdoptionKeys keys, AuditTrail trail)
    {
        if (body.HasUrl || body.HasList || body.Manifest is not null)
            throw new ApiException(new ApiError.Field("prefix", "A prefix comes without 'url', 'urls' and 'manifest'.", "invalid"));
        var selection = KeySelection.Parse(body.Prefix!, body.Exclude, store);
        if (await buckets.Open(store).ProbeAsync(
            selection.Prefix, context.RequestAborted) is { Fault: { } fault, Message: var message, IsTransient: var isTransient })
        {
            throw new ApiException(isTransient
                ? new ApiError.Detail(StatusCodes.Status503ServiceUnavailable, message) { RetryAfter = TimeSpan.FromSeconds(5) }
                : new ApiError.Message(StatusCodes.Status400BadRequest, message, BucketException.CodeOf(fault)));
        }

        if (body.DryRun)
            return Results.Json(await dryRun.RunAsync(store, project, selection, context.RequestAborted), Json.DryRunBody);
        var start = await requests.AcceptAsync(
            store, project, Caller.Of(context).Name, selection, body.Key, context.RequestAborted);
        return await AnswerAsync(context, project, body, start, keys, trail, _ => new()
        {
            ["store"] = store.Id.ToString("D"),
            ["prefix"] = body.Prefix,
        });
    }

    /// <summary>
    /// The contract's answer for one URL: created, or a 400 that says why not. Never 404, which its clients read as a wrong path.
    /// </summary>
    static AtOnceAnswer One(AdoptionAnswer answer, Store store)
    {
        if (answer.Created.Count > 0)
            return AtOnceAnswer.Of(StatusCodes.Status200OK, new CreatedBody(true, answer.Created), Json.CreatedBody);
        var failure = answer.Existing.Count > 0 ? AdoptionFailure.Exists(answer.Existing.Keys.Single(), store) : answer.Errors.Single();
        return AtOnceAnswer.Of(StatusCodes.Status400BadRequest, new MessageBody(failure.Message, failure.Code), Json.MessageBody);
    }

    /// <summary>What is excluded stands among the errors, so that every URL stands somewhere, but is no failure.</summary>
    static AtOnceAnswer Several(AdoptionAnswer answer, IReadOnlyDictionary<string, DatumId?> existing)
    {
        var ok = answer.Errors.All(e => e.Outcome == AdoptionFailure.Skipped);
        return AtOnceAnswer.Of(
            ok || answer.Created.Count + answer.Existing.Count > 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest,
            new AnswerBody(ok, answer.Created, existing, [.. answer.Errors.Select(e => new UrlErrorBody(e.Url, e.Message, e.Code))]),
            Json.AnswerBody);
    }

    /// <summary>What existed before, without the ids of those datums whose project the caller may not read.</summary>
    static async Task<IReadOnlyDictionary<string, DatumId?>> ExistingAsync(
        AdoptionAnswer answer, HttpContext context, ProjectTable projects, Permissions permissions)
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

    public static ApiException TooManyJobs()
    {
        Metrics.Refused(nameof(JobOptions.JobsPerProject));
        return new(new ApiError.Detail(
            StatusCodes.Status429TooManyRequests,
            "The project has as many jobs under way as it may. Try again when one has ended.")
        { RetryAfter = TimeSpan.FromSeconds(30) });
    }

    public static IResult Accepted(HttpContext context, JobRow job, Project project)
    {
        Activity.Current?.SetTag("dataregistry.job.id", job.JobId.ToString());
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/adoptions/{job.JobId}/";
        return JobEndpoints.Answer(job, default, project, job.Started ?? default, StatusCodes.Status202Accepted);
    }
}

/// <summary>What an adoption asks for, as it is described; it is read piece by piece (<see cref="AdoptionBody"/>).</summary>
/// <param name="Urls">Any number that fits into a body.</param>
/// <param name="Prefix"><c>s3://bucket/prefix</c>, also with wildcards.</param>
/// <param name="Manifest">URL of a file in the store with a URL or key a line.</param>
/// <param name="Exclude">Patterns of keys to leave out.</param>
/// <param name="DryRun">To tell only what would happen to up to 10,000 URLs.</param>
sealed record AdoptBody(
    string? Url, IReadOnlyList<string>? Urls, string? Prefix, string? Manifest, string? Project, IReadOnlyList<string>? Exclude,
    bool? DryRun);

sealed record CreatedBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created);

/// <param name="Existing">Ids are null where the caller may not read the datum.</param>
sealed record AnswerBody(
    bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing,
    IReadOnlyList<UrlErrorBody> Errors);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AdoptBody))]
[JsonSerializable(typeof(CreatedBody))]
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(DryRunBody))]
[JsonSerializable(typeof(MessageBody))]
sealed partial class AdoptionJson : JsonSerializerContext;

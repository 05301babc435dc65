using System.Diagnostics;
using System.Text.Json.Serialization;
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

    public static void MapAdoption(this IEndpointRouteBuilder api) => api.MapPost("/stores/{id}/adopt/", AdoptAsync)
        .Takes<AdoptBody>().Takes<string>("text/plain", "UrlLines").TakesQuery("project", "A project's id, where the body has none")
        .TakesQuery(
            "dry_run", "With text: true to tell only what would happen").TakesQuery("exclude", "With text: a pattern of keys to leave out")
        .TakesQuery("adopt_changed", "With text: true to adopt changed objects anew, see the body")
        .TakesQuery("tags", "With text: a tag of every datum that is created; may be given more than once")
        .Answers<CreatedBody>(
            $"Adopt a URL, or several, in JSON or as lines of text: up to {JobOptions.MaxUrlsAtOnce} are answered at once, more become a "
                + "job")
        .OrAnswers<AnswerBody>(
            StatusCodes.Status200OK).OrAnswers<DryRunBody>(StatusCodes.Status200OK).OrAnswers<JobBody>(StatusCodes.Status202Accepted)
        .OrAnswers<MessageBody>(StatusCodes.Status400BadRequest).OrAnswers<ExistsBody>(StatusCodes.Status400BadRequest).OrAnswers<AnswerBody>(StatusCodes.Status400BadRequest)
        .OrAnswers<DetailBody>(StatusCodes.Status413PayloadTooLarge).OrAnswers<DetailBody>(StatusCodes.Status503ServiceUnavailable);

    /// <summary>
    /// A request is to be answered within 230 seconds (a limit of Azure's own front end), so what a list takes longer to be put away is
    /// given up.
    /// </summary>
    static readonly TimeSpan StagingTime = TimeSpan.FromSeconds(200);

    static async Task<IResult> AdoptAsync(
        string id, HttpContext context, StoreAccess access, ProjectTable projects, AdoptionRequests requests, Permissions permissions,
        JobBlobs blobs, DryRun dryRun, Buckets buckets,
        AuditTrail trail, IOptions<JobOptions> options)
    {
        var store = await access.RequiredAsync(context, id, secret: true);
        using var staging = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        staging.CancelAfter(StagingTime);
        try
        {
            await using var urls = new StagedUrls(blobs, options);
            var body = await AdoptionBody.ReadAsync(context, store, urls, options.Value, staging.Token);
            var project = await permissions.ProjectAsync(
                context, projects, body.Project ?? context.Request.Query["project"], Permission.DataAdopt);
            if (!store.AllowAdopt)
                throw AdoptionErrors.AdoptionNotAllowed.With(store.Name);
            if (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id)
                throw AdoptionErrors.StoreOfAnotherProject.With(store.Name);
            var order = new AdoptionOrder(store, project, Caller.Of(context).Name, body.AdoptChanged) { Tags = body.Tags };
            if (body.Prefix is not null)
                return await AdoptPrefixAsync(context, order, body, requests, dryRun, buckets, trail);
            if (body.Manifest is not null)
                return await AcceptManifestAsync(context, order, body, requests, buckets, trail);
            if (urls.Count == 0)
                throw body.HasList ? AdoptionErrors.EmptyList.On("urls") : CommonErrors.Required.On("url");
            if (body.DryRun)
                return await DryRunAsync(order, body, urls, dryRun, staging.Token);
            return urls.Count > JobOptions.MaxUrlsAtOnce || !urls.IsInMemory
                ? await AcceptAsync(context, order, body, urls, requests, trail, staging.Token)
                : await AdoptAtOnceAsync(context, order, body, urls, requests, projects, permissions, trail);
        }
        catch (BucketException e)
        {
            throw e.IsTransient
                ? AdoptionErrors.BucketBusy.With(e.Message).After(TimeSpan.FromSeconds(5))
                : AdoptionErrors.BucketRefused.WithCode(e.Code, e.Message);
        }
        catch (OperationCanceledException) when (staging.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw AdoptionErrors.StagedTooLate.With(StagingTime.TotalSeconds);
        }
    }

    static async Task<IResult> AcceptAsync(
        HttpContext context, AdoptionOrder order, AdoptionBody body, StagedUrls urls, AdoptionRequests requests, AuditTrail trail,
        CancellationToken stagingToken)
    {
        var job = await requests.AcceptAsync(order, urls, body.Exclude, stagingToken, context.RequestAborted) ?? throw TooManyJobs();
        await trail.RecordAsync(
            context,
            new("adoption.accepted", job.JobId.ToString())
            {
                Project = order.Project.Id,
                Details = new() { ["store"] = order.Store.Id.ToString("D"), ["total"] = job.Total },
            });
        return Accepted(context, job, order);
    }

    static async Task<IResult> AdoptAtOnceAsync(
        HttpContext context, AdoptionOrder order, AdoptionBody body, StagedUrls urls, AdoptionRequests requests, ProjectTable projects,
        Permissions permissions, AuditTrail trail)
    {
        var store = order.Store;
        var answer = await requests.AdoptAsync(
            order, AdoptionInput.Sort(urls.AsList(), store, body.Exclude), context.RequestAborted);
        if (answer.Created.Count > 0)
        {
            await trail.RecordAsync(context, new("data.adopted", store.Id.ToString("D"))
            {
                Project = order.Project.Id,
                Details = new()
                {
                    ["adoption"] = answer.Id.ToString(),
                    ["created"] = answer.Created.Count,
                    ["existing"] = answer.Existing.Count,
                    ["failed"] = answer.Errors.Count,
                },
            });
        }

        return body.HasList ? Several(answer, await ExistingAsync(answer, context, projects, permissions)) : One(answer, store);
    }

    /// <summary>The file is looked at first, so that what cannot be read is no job.</summary>
    static async Task<IResult> AcceptManifestAsync(
        HttpContext context, AdoptionOrder order, AdoptionBody body, AdoptionRequests requests, Buckets buckets, AuditTrail trail)
    {
        var store = order.Store;
        if (body.HasUrl || body.HasList || body.DryRun)
            throw AdoptionErrors.ManifestAlone.On("manifest");
        if (!S3Url.TryParse(body.Manifest, out var url))
            throw AdoptionErrors.ManifestNotAUrl.On("manifest");
        if (!store.Holds(url))
            throw AdoptionErrors.ManifestOutside.On("manifest", AdoptionFailure.Outside(body.Manifest!, store).Message);
        var bucket = buckets.Open(store);
        if (await bucket.HeadAsync(url.Key, cancellationToken: context.RequestAborted) is not { } file)
        {
            var missing = AdoptionFailure.Missing(body.Manifest!, store);
            throw AdoptionErrors.NotAdopted.WithCode(missing.Code, missing.Message);
        }

        if (file.Size is 0 or > ManifestStaging.MaxBytes)
        {
            throw (file.Size == 0 ? AdoptionErrors.ManifestEmpty : AdoptionErrors.ManifestTooLarge)
                .On("manifest", ManifestStaging.MaxBytes, file.Size);
        }

        if (await ManifestFormat.RefuseAsync(bucket, file, context.RequestAborted) is { } reason)
            throw AdoptionErrors.ManifestFormat.On("manifest", reason);
        var job = await requests.AcceptAsync(order, file, body.Exclude, context.RequestAborted) ?? throw TooManyJobs();
        await trail.RecordAsync(context, new("adoption.accepted", job.JobId.ToString())
        {
            Project = order.Project.Id,
            Details = new() { ["store"] = store.Id.ToString("D"), ["manifest"] = body.Manifest },
        });
        return Accepted(context, job, order);
    }

    static async Task<IResult> DryRunAsync(
        AdoptionOrder order, AdoptionBody body, StagedUrls urls, DryRun dryRun, CancellationToken cancellationToken) =>
        urls.IsInMemory && urls.Count <= DryRun.MaxUrls
            ? Results.Json(await dryRun.RunAsync(order, urls.AsList(), body.Exclude, cancellationToken), Json.DryRunBody)
            : throw AdoptionErrors.TooManyForDryRun.On("dry_run", DryRun.MaxUrls, urls.Count);

    /// <summary>The bucket is asked first whether it can be listed: a job would only find out later.</summary>
    static async Task<IResult> AdoptPrefixAsync(
        HttpContext context, AdoptionOrder order, AdoptionBody body, AdoptionRequests requests, DryRun dryRun, Buckets buckets,
        AuditTrail trail)
    {
        var store = order.Store;
        if (body.HasUrl || body.HasList || body.Manifest is not null)
            throw AdoptionErrors.PrefixAlone.On("prefix");
        var selection = KeySelection.Parse(body.Prefix!, body.Exclude, store);
        if (await buckets.Open(store).ProbeAsync(
            selection.Prefix, context.RequestAborted) is { Fault: { } fault, Message: var message, IsTransient: var isTransient })
        {
            throw isTransient
                ? AdoptionErrors.BucketBusy.With(message).After(TimeSpan.FromSeconds(5))
                : AdoptionErrors.BucketRefused.WithCode(BucketException.CodeOf(fault), message);
        }

        if (body.DryRun)
            return Results.Json(await dryRun.RunAsync(order, selection, context.RequestAborted), Json.DryRunBody);
        var job = await requests.AcceptAsync(order, selection, context.RequestAborted) ?? throw TooManyJobs();
        await trail.RecordAsync(
            context,
            new("adoption.accepted", job.JobId.ToString())
            {
                Project = order.Project.Id,
                Details = new() { ["store"] = store.Id.ToString("D"), ["prefix"] = body.Prefix },
            });
        return Accepted(context, job, order);
    }

    /// <summary>
    /// The contract's answer for one URL: created, or a 400 that says why not. Never 404, which its clients read as a wrong path.
    /// </summary>
    static IResult One(AdoptionAnswer answer, Store store)
    {
        if (answer.Created.Count > 0)
            return Results.Json(new CreatedBody(true, answer.Created), Json.CreatedBody);
        if (answer.Existing.Count > 0)
        {
            var (url, tracked) = answer.Existing.Single();
            return Results.Json(
                new ExistsBody(AdoptionFailure.Exists(url, store).Message, null, tracked.IsChanged ? true : null), Json.ExistsBody,
                statusCode: StatusCodes.Status400BadRequest);
        }

        var failure = answer.Errors.Single();
        throw AdoptionErrors.NotAdopted.WithCode(failure.Code, failure.Message);
    }

    /// <summary>What is excluded stands among the errors, so that every URL stands somewhere, but is no failure.</summary>
    static IResult Several(AdoptionAnswer answer, IReadOnlyDictionary<string, DatumId?> existing)
    {
        var ok = answer.Errors.All(e => e.Outcome == AdoptionFailure.Skipped);
        return Results.Json(
            new AnswerBody(ok, answer.Created, existing, [.. answer.Errors.Select(e => new UrlErrorBody(e.Url, e.Message, e.Code))])
            {
                Changed = answer.Existing.Where(e => e.Value.IsChanged).Select(e => e.Key).ToList() is { Count: > 0 } changed ? changed : null,
            },
            Json.AnswerBody,
            statusCode: ok || answer.Created.Count + answer.Existing.Count > 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
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
        return AdoptionErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30));
    }

    public static IResult Accepted(HttpContext context, JobRow job, AdoptionOrder order)
    {
        Activity.Current?.SetTag("dataregistry.job.id", job.JobId.ToString());
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/adoptions/{job.JobId}/";
        return JobEndpoints.Accepted(job, order);
    }
}

/// <summary>What an adoption asks for, as it is described; it is read piece by piece (<see cref="AdoptionBody"/>).</summary>
/// <param name="Urls">Any number that fits into a body.</param>
/// <param name="Prefix"><c>s3://bucket/prefix</c>, also with wildcards.</param>
/// <param name="Manifest">URL of a file in the store with a URL or key a line.</param>
/// <param name="Exclude">Patterns of keys to leave out.</param>
/// <param name="DryRun">To tell only what would happen to up to 10,000 URLs.</param>
/// <param name="AdoptChanged">An object that is not what the project adopted from its URL becomes a datum in the place of the old one, which
/// stays and is marked as changed. Another project's stays as it is. Costs a HEAD for each existing URL of a list, or a LIST where they lie
/// densely, and a HEAD for each changed object.</param>
/// <param name="Tags">Tags of every datum that the adoption creates, until somebody edits that datum's tags.</param>
sealed record AdoptBody(
    string? Url, IReadOnlyList<string>? Urls, string? Prefix, string? Manifest, string? Project, IReadOnlyList<string>? Exclude,
    bool? DryRun, bool? AdoptChanged, IReadOnlyList<string>? Tags);

sealed record CreatedBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created);

/// <param name="Existing">Ids are null where the caller may not read the datum.</param>
sealed record AnswerBody(
    bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing,
    IReadOnlyList<UrlErrorBody> Errors)
{
    /// <summary>Those of the existing whose objects are not what was adopted any more; left out where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Changed { get; init; }
}

/// <param name="Changed">True where the object at the URL is not what was adopted any more: <c>adopt_changed</c> adopts it anew. Else left
/// out.</param>
sealed record ExistsBody(
    string Message, string? Code, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Changed);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CreatedBody))]
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(ExistsBody))]
[JsonSerializable(typeof(DryRunBody))]
sealed partial class AdoptionJson : JsonSerializerContext;

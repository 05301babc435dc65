using System.Diagnostics;
using System.Text.Json.Nodes;
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
        .OrAnswers<MessageBody>(StatusCodes.Status400BadRequest).OrAnswers<ExistsBody>(StatusCodes.Status400BadRequest)
        .OrAnswers<AnswerBody>(StatusCodes.Status400BadRequest)
        .OrAnswers<DetailBody>(StatusCodes.Status413PayloadTooLarge).OrAnswers<DetailBody>(StatusCodes.Status503ServiceUnavailable);

    /// <summary>
    /// A request is to be answered within 230 seconds (a limit of Azure's own front end), so what a list takes longer to be put away is
    /// given up.
    /// </summary>
    static readonly TimeSpan StagingTime = TimeSpan.FromSeconds(200);

    static async Task<IResult> AdoptAsync(string id, HttpContext context, AdoptionServices services)
    {
        var store = await services.Stores.RequiredAsync(context, id, secret: true);
        using var staging = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        staging.CancelAfter(StagingTime);
        try
        {
            await using var urls = new StagedUrls(services.Blobs, services.Options);
            var body = await AdoptionBody.ReadAsync(context, store, urls, services.Options.Value, staging.Token);
            var project = await services.Permissions.ProjectAsync(
                context, services.Projects, body.Project ?? context.Request.Query["project"], Permission.DataAdopt);
            if (!store.AllowAdopt)
                throw AdoptionErrors.AdoptionNotAllowed.With(store.Name);
            if (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id)
                throw AdoptionErrors.StoreOfAnotherProject.With(store.Name);
            var call = new AdoptionCall(context, body, new(store, project, Caller.Of(context).Name, body.AdoptChanged) { Tags = body.Tags });
            return body switch
            {
                { Prefix: not null } => await AdoptPrefixAsync(call, services),
                { Manifest: not null } => await AcceptManifestAsync(call, services),
                { Url: { } url } => await AdoptFewAsync(call, services, [url], staging.Token),
                _ => await AdoptListAsync(call, services, urls, staging.Token),
            };
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

    /// <summary>A list that is short is adopted at once, and a longer one becomes a job.</summary>
    static async Task<IResult> AdoptListAsync(
        AdoptionCall call, AdoptionServices services, StagedUrls urls, CancellationToken stagingToken)
    {
        if (urls.Count == 0)
            throw call.Body.HasList ? AdoptionErrors.EmptyList.On("urls") : CommonErrors.Required.On("url");
        if (urls.IsInMemory && urls.Count <= (call.Body.DryRun ? DryRun.MaxUrls : JobOptions.MaxUrlsAtOnce))
            return await AdoptFewAsync(call, services, urls.AsList(), stagingToken);
        if (call.Body.DryRun)
            throw AdoptionErrors.TooManyForDryRun.On("dry_run", DryRun.MaxUrls, urls.Count);
        var job = await services.Requests.AcceptAsync(call.Order, urls, call.Body.Exclude, stagingToken, call.Context.RequestAborted);
        return await AcceptedAsync(call, services, job, "total", job?.Total);
    }

    /// <summary>One URL, or a short list: its answer says what became of each, or what would become of it.</summary>
    static async Task<IResult> AdoptFewAsync(
        AdoptionCall call, AdoptionServices services, IReadOnlyList<string> urls, CancellationToken stagingToken)
    {
        var (context, body, order) = call;
        if (body.DryRun)
        {
            var told = await services.DryRun.RunAsync(order, urls, body.Exclude, stagingToken);
            return Results.Json(told, Json.DryRunBody);
        }

        var input = AdoptionInput.Sort(urls, order.Store, body.Exclude, context.RequestAborted);
        var answer = await services.AtOnce.AdoptAsync(order, input, context.RequestAborted);
        if (answer.Created.Count > 0)
        {
            await services.Trail.RecordAsync(context, new("data.adopted", order.Store.Id.ToString("D"))
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

        return body.HasList ? Several(answer, await ExistingAsync(answer, context, services)) : One(answer, order.Store);
    }

    /// <summary>The file is looked at first, so that what cannot be read is no job.</summary>
    static async Task<IResult> AcceptManifestAsync(AdoptionCall call, AdoptionServices services)
    {
        var (context, body, order) = call;
        var store = order.Store;
        if (body.HasUrl || body.HasList || body.DryRun)
            throw AdoptionErrors.ManifestAlone.On("manifest");
        if (!store.AllowRead)
            throw AdoptionErrors.ManifestNotReadable.With(store.Name);
        if (!S3Url.TryParse(body.Manifest, out var url))
            throw AdoptionErrors.ManifestNotAUrl.On("manifest");
        if (!store.Holds(url))
            throw AdoptionErrors.ManifestOutside.On("manifest", AdoptionFailure.Outside(body.Manifest!, store).Message);
        var bucket = services.Buckets.Open(store);
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
        var job = await services.Requests.AcceptAsync(order, file, body.Exclude, context.RequestAborted);
        return await AcceptedAsync(call, services, job, "manifest", body.Manifest);
    }

    /// <summary>The bucket is asked first whether it can be listed: a job would only find out later.</summary>
    static async Task<IResult> AdoptPrefixAsync(AdoptionCall call, AdoptionServices services)
    {
        var (context, body, order) = call;
        if (body.HasUrl || body.HasList || body.Manifest is not null)
            throw AdoptionErrors.PrefixAlone.On("prefix");
        var selection = KeySelection.Parse(body.Prefix!, body.Exclude, order.Store);
        if (await services.Buckets.Open(order.Store).ProbeAsync(
            selection.Prefix, context.RequestAborted) is { Fault: { } fault, Message: var message, IsTransient: var isTransient })
        {
            throw isTransient
                ? AdoptionErrors.BucketBusy.With(message).After(TimeSpan.FromSeconds(5))
                : AdoptionErrors.BucketRefused.WithCode(BucketException.CodeOf(fault), message);
        }

        if (body.DryRun)
        {
            var told = await services.DryRun.RunAsync(order, selection, context.RequestAborted);
            return Results.Json(told, Json.DryRunBody);
        }

        var job = await services.Requests.AcceptAsync(order, selection, context.RequestAborted);
        return await AcceptedAsync(call, services, job, "prefix", body.Prefix);
    }

    static async Task<IResult> AcceptedAsync(AdoptionCall call, AdoptionServices services, JobRow? job, string name, JsonNode? input)
    {
        var (context, _, order) = call;
        if (job is null)
            throw TooManyJobs();
        await services.Trail.RecordAsync(context, new("adoption.accepted", job.JobId.ToString())
        {
            Project = order.Project.Id,
            Details = new() { ["store"] = order.Store.Id.ToString("D"), [name] = input },
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
                Changed = answer.Existing.Values.Any(e => e.IsChanged)
                    ? [.. answer.Existing.Where(e => e.Value.IsChanged).Select(e => e.Key)]
                    : null,
            },
            Json.AnswerBody,
            statusCode: ok || answer.Created.Count + answer.Existing.Count > 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
    }

    /// <summary>What existed before, without the ids of those datums whose project the caller may not read.</summary>
    static async Task<IReadOnlyDictionary<string, DatumId?>> ExistingAsync(
        AdoptionAnswer answer, HttpContext context, AdoptionServices services)
    {
        var rights = await services.Permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var existing = new Dictionary<string, DatumId?>(StringComparer.Ordinal);
        foreach (var (url, tracked) in answer.Existing)
        {
            var project = await services.Projects.FindAsync(tracked.Project, context.RequestAborted);
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
        var body = AdoptionJobs.BodyOf(job, default, order.Project, order.Store, job.Started ?? default);
        return JobEndpoints.Answer(body, StatusCodes.Status202Accepted);
    }
}

/// <summary>The services of the endpoint.</summary>
sealed record AdoptionServices(
    StoreAccess Stores, ProjectTable Projects, Permissions Permissions, AdoptionRequests Requests, ImmediateAdoption AtOnce, DryRun DryRun,
    Buckets Buckets, JobBlobs Blobs, AuditTrail Trail, IOptions<JobOptions> Options);

/// <summary>A request that was read, and that its caller may make.</summary>
sealed record AdoptionCall(HttpContext Context, AdoptionBody Body, AdoptionOrder Order);

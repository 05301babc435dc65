using System.Diagnostics;
using System.Text.Json.Nodes;
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

    public static void MapAdoption(this IEndpointRouteBuilder api) => api.MapPost("/stores/{id}/adopt/", AdoptAsync).WithName("adopt")
        .TakesJsonOrForm<AdoptBody>().Takes<string>("text/plain", "UrlLines").TakesIdempotencyKey()
        .TakesQuery("project", "A project's id, if the body has none.")
        .TakesQuery("dry_run", "For a text body: `true` only tells what an adoption would do.")
        .TakesQuery("exclude", "For a text body: a pattern of keys to leave out.")
        .TakesQuery("adopt_changed", "For a text body: `true` adopts changed objects anew, as in a JSON body.")
        .TakesQuery("tags", "For a text body: a tag for every datum that is created. Repeat the parameter for several tags.")
        .Answers<AdoptedBody>("Adopt one or more URLs, a manifest or a prefix")
        .WithDescription($"Up to {JobOptions.MaxUrlsAtOnce} URLs are adopted at once (200). More URLs, a manifest or a prefix become a job "
            + "(202): `Location` names it. A text body has one URL a line.")
        .OrAnswers<AdoptedBody>(StatusCodes.Status200OK, "AdoptedBody.several")
        .OrAnswers<AdoptedBody>(StatusCodes.Status200OK, "AdoptedBody.dryRun")
        .OrAnswers<JobBody>(StatusCodes.Status202Accepted, "JobBody.accepted")
        .FailsWith<NothingAdoptedBody>("AdoptionRefusal", "NothingAdoptedBody")
        .FailsOn("url", CommonErrors.Required).FailsOn("urls", AdoptionErrors.EmptyList, CommonErrors.NotStrings)
        .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
        .FailsOn("prefix", AdoptionErrors.NotAPrefix, AdoptionErrors.PrefixOutside, AdoptionErrors.PrefixAlone)
        .FailsOn("manifest", AdoptionErrors.ManifestAlone, AdoptionErrors.ManifestEmpty, AdoptionErrors.ManifestTooLarge,
            AdoptionErrors.ManifestFormat)
        .FailsOn("exclude", AdoptionErrors.NotAPattern, AdoptionErrors.TooManyPatterns).FailsOn("dry_run", AdoptionErrors.TooManyForDryRun)
        .Fails(
            AdoptionErrors.NotAdopted, AdoptionErrors.BucketRefused, AdoptionErrors.NotUtf8, AdoptionErrors.ValueTooLong,
            AccessErrors.NotPermitted, AdoptionErrors.AdoptionNotAllowed, AdoptionErrors.ManifestNotReadable,
            AdoptionErrors.StoreOfAnotherProject, AdoptionErrors.StagedTooLate, AdoptionErrors.NotAListOfUrls,
            JobErrors.TooManyJobs, AdoptionErrors.BucketBusy, JobErrors.FirstNotDone,
            CommonErrors.ListTooLong);

    /// <summary>Azure's front end ends a request after 230 seconds, so staging a list ends with an error before that.</summary>
    static readonly TimeSpan StagingTime = TimeSpan.FromSeconds(200);

    static async Task<IResult> AdoptAsync(string id, HttpContext context, AdoptionServices services)
    {
        var store = await services.Stores.RequiredAsync(context, id, secret: true);
        using var time = new CancellationTokenSource(StagingTime, services.Clock);
        using var staging = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, time.Token);
        try
        {
            await using var urls = new StagedUrls(services.Blobs, services.Options);
            using var hashed = IdempotencyKey.Of(context.Request) is null ? null : new HashedStream(context.Request.Body);
            context.Request.Body = hashed ?? context.Request.Body;
            var body = await AdoptionBody.ReadAsync(context, store, urls, services.Options.Value, staging.Token);
            var project = await services.Permissions.ProjectAsync(
                context, services.Projects, body.Project ?? context.Request.Query["project"], Permission.DataAdopt);
            var key = body.DryRun ? null : AdoptionKeys.Of(context, hashed, store, project);
            var order = new AdoptionOrder(store, project, Caller.Of(context).Name, body.AdoptChanged) { Key = key, Tags = body.Tags };
            // A repeated request gets its first answer, also if the store refuses adoption by now.
            if (await services.Keys.FindAsync(context, order) is { } repeated)
                return repeated;
            if (!store.AllowAdopt)
                throw AdoptionErrors.AdoptionNotAllowed.With(store.Name);
            if (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id)
                throw AdoptionErrors.StoreOfAnotherProject.With(store.Name);
            var call = new AdoptionCall(context, body, order);
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
        catch (OperationCanceledException) when (time.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw AdoptionErrors.StagedTooLate.With(StagingTime.TotalSeconds);
        }
    }

    /// <summary>Adopts a short list at once, and makes a job of a longer one.</summary>
    static async Task<IResult> AdoptListAsync(
        AdoptionCall call, AdoptionServices services, StagedUrls urls, CancellationToken stagingToken)
    {
        if (urls.Count == 0)
            throw call.Body.HasList ? AdoptionErrors.EmptyList.On("urls") : CommonErrors.Required.On("url");
        if (urls.IsInMemory && urls.Count <= (call.Body.DryRun ? DryRun.MaxUrls : JobOptions.MaxUrlsAtOnce))
            return await AdoptFewAsync(call, services, urls.AsList(), stagingToken);
        if (call.Body.DryRun)
            throw AdoptionErrors.TooManyForDryRun.On("dry_run", DryRun.MaxUrls, urls.Count);
        var start = await services.Requests.AcceptAsync(call.Order, urls, call.Body.Exclude, stagingToken, call.Context.RequestAborted);
        return await AcceptedAsync(call, services, start, "total", (start as JobStart.Started)?.Job.Total);
    }

    /// <summary>
    /// Adopts one URL or a short list. The answer has the outcome of each, or the outcome that a dry run expects.
    /// </summary>
    static async Task<IResult> AdoptFewAsync(
        AdoptionCall call, AdoptionServices services, IReadOnlyList<string> urls, CancellationToken stagingToken)
    {
        var (context, body, order) = call;
        if (body.DryRun)
        {
            var told = await services.DryRun.RunAsync(order, urls, body.Exclude, stagingToken);
            return Results.Json(AdoptedBody.From(told), Json.AdoptedBody);
        }

        var input = AdoptionInput.Sort(urls, order.Store, body.Exclude, context.RequestAborted);
        var key = order.Key is null ? null : await services.Keys.BeginAsync(order.Project, order.Key, context.RequestAborted);
        if (key is not null && await services.Keys.RepeatAsync(context, order, key) is { } repeated)
            return repeated;
        var answer = await services.AtOnce.AdoptAsync(order, input, context.RequestAborted, key?.JobId);
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

        var given = body.HasList ? Several(answer, await ExistingAsync(answer, context, services)) : One(answer, order.Store);
        if (key is not null)
            await services.Keys.EndAsync(key, given);
        return given.Result();
    }

    /// <summary>Makes a job of a manifest. It checks the file first, so an unreadable one makes no job.</summary>
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
        var start = await services.Requests.AcceptAsync(order, file, body.Exclude, context.RequestAborted);
        return await AcceptedAsync(call, services, start, "manifest", body.Manifest);
    }

    /// <summary>Makes a job of a prefix. It lists the bucket first, because a job would find a refusal only later.</summary>
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
            return Results.Json(AdoptedBody.From(told), Json.AdoptedBody);
        }

        var start = await services.Requests.AcceptAsync(order, selection, context.RequestAborted);
        return await AcceptedAsync(call, services, start, "prefix", body.Prefix);
    }

    /// <summary>Answers with the job that was started, or with the one that a repeated request started before.</summary>
    static async Task<IResult> AcceptedAsync(
        AdoptionCall call, AdoptionServices services, JobStart start, string name, JsonNode? input)
    {
        var (context, _, order) = call;
        if (start is JobStart.Repeated { Key: var known }
            && await services.Keys.RepeatAsync(context, order, known) is { } repeated)
        {
            return repeated;
        }

        var job = StartedOf(start);
        await services.Trail.RecordAsync(context, new("adoption.accepted", job.JobId.ToString())
        {
            Project = order.Project.Id,
            Details = new() { ["store"] = order.Store.Id.ToString("D"), [name] = input },
        });
        return Accepted(context, job, order);
    }

    /// <summary>The started job. Ends the request if there is none.</summary>
    public static JobRow StartedOf(JobStart start) => start is JobStart.Started { Job: var job } ? job : throw TooManyJobs();

    /// <summary>
    /// The contract's answer for one URL: created, or a 400 with the reason. Never 404, because clients read it as a
    /// wrong path.
    /// </summary>
    static AtOnceAnswer One(AdoptionAnswer answer, Store store)
    {
        if (answer.Created.Count > 0)
            return AtOnceAnswer.Of(StatusCodes.Status200OK, new AdoptedBody { Ok = true, Created = answer.Created }, Json.AdoptedBody);
        if (answer.Existing.Count > 0)
        {
            var (url, tracked) = answer.Existing.Single();
            var exists = AdoptionFailure.Exists(url, store);
            return AtOnceAnswer.Of(
                AdoptionErrors.NotAdopted.Status, new ExistsBody(exists.Message, null, tracked.IsChanged ? true : null), Json.ExistsBody);
        }

        var failure = answer.Errors.Single();
        return AtOnceAnswer.Of(
            AdoptionErrors.NotAdopted.Status, new MessageBody(failure.Message, failure.Code), Json.MessageBody);
    }

    /// <summary>The answer for several URLs. Excluded URLs are listed among the errors, but are no failures.</summary>
    static AtOnceAnswer Several(AdoptionAnswer answer, IReadOnlyDictionary<string, DatumId?> existing)
    {
        var ok = answer.Errors.All(e => e.Outcome == AdoptionFailure.Skipped);
        IReadOnlyList<UrlErrorBody> errors = [.. answer.Errors.Select(e => new UrlErrorBody(e.Url, e.Message, e.Code))];
        if (!ok && answer.Created.Count + answer.Existing.Count == 0)
        {
            return AtOnceAnswer.Of(
                StatusCodes.Status400BadRequest, new NothingAdoptedBody(ok, answer.Created, existing, errors), Json.NothingAdoptedBody);
        }

        List<string> changed = [.. answer.Existing.Where(e => e.Value.IsChanged).Select(e => e.Key)];
        var body = new AdoptedBody
        {
            Ok = ok,
            Created = answer.Created,
            Existing = existing,
            Changed = changed.Count == 0 ? null : changed,
            Errors = errors,
        };
        return AtOnceAnswer.Of(StatusCodes.Status200OK, body, Json.AdoptedBody);
    }

    /// <summary>The existing URLs. The id is null if the caller may not read the datum's project.</summary>
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
        return JobErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30));
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
    Buckets Buckets, JobBlobs Blobs, AdoptionKeys Keys, AuditTrail Trail, IOptions<JobOptions> Options, TimeProvider Clock);

/// <summary>A request that was read, and whose caller may make it.</summary>
sealed record AdoptionCall(HttpContext Context, AdoptionBody Body, AdoptionOrder Order);

using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace DataRegistry.Rescans;

/// <summary>
/// The endpoints of scans. A caller who sees a store sees its scans. Their items need the right to read the store's
/// data, and starting and cancelling needs the right to manage the store.
/// </summary>
static class RescanEndpoints
{
    public static readonly RescanJson Json = new(WireJson.Options(RescanJson.Default));

    /// <summary>The most stores whose scans one list merges.</summary>
    const int MaxStores = 100;

    public static void MapRescans(this IEndpointRouteBuilder api)
    {
        api.MapPost("/stores/{id}/rescan/", StartAsync).WithName("startRescan")
            .Answers<RescanJobBody>(
                "Start a scan of a store, or get the one that runs",
                    StatusCodes.Status202Accepted,
                "RescanJobBody.accepted")
            .TakesQuery("force", "`true` accepts an empty bucket. Otherwise a scan fails if it finds none of the adopted objects.",
                JsonSchemaType.Boolean)
            .FailsOn("force", CommonErrors.NotAFlag).Fails(RescanErrors.ScanBegins, RescanErrors.ScanWithoutForce,
                AccessErrors.NotPermitted);
        api.MapGet("/rescans/", ListAsync).WithName("listRescans").AnswersPages<RescanJobBody>("List scans of stores, newest first")
            .TakesQuery("store", "A store's id.")
            .TakesQuery("project",
                $"The project that the stores belong to. Without a store or a project all stores count that you see, up to {MaxStores}.")
            .TakesQuery("status", "Only scans with this status.").FailsOn(
                "store", CommonErrors.NotAnId, RescanErrors.NoStore, RescanErrors.TooManyStores)
            .FailsOn("project", OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject).FailsOn("status", CommonErrors.NotAChoice)
            .Fails(AccessErrors.NotPermitted);
        api.MapGet("/rescans/{id}/", GetAsync).WithName("getRescan").Answers<RescanJobBody>("Get a scan and its progress");
        api.MapGet("/rescans/{id}/results/", ResultsAsync).WithName("getRescanResults")
            .AnswersPages<ScanItem>(
                "List the objects that are not as they were adopted")
            .WithDescription(JobResults.LinesDescription)
            .OrAnswersContent(StatusCodes.Status200OK, JobResults.NdJson)
            .TakesQuery("outcome", $"One of {string.Join(", ", ScanItem.Outcomes)}. Without it all are listed.")
            .FailsOn("outcome", CommonErrors.NotAChoice)
            .Fails(AccessErrors.NotPermitted);
        api.MapPost("/rescans/{id}/cancel/", CancelAsync).WithName("cancelRescan")
            .Answers<RescanJobBody>("Cancel a scan. Its findings so far stay", StatusCodes.Status202Accepted, "RescanJobBody.cancelling")
            .Fails(JobErrors.Ended, AccessErrors.NotPermitted);
        api.MapPost("/rescans/{id}/retry/", RetryAsync).WithName("retryRescan")
            .Answers<RescanJobBody>("Scan the store of an ended scan again", StatusCodes.Status202Accepted,
                "RescanJobBody.accepted")
            .Fails(RescanErrors.ScanStoreGone, RescanErrors.ScanNotEnded, RescanErrors.ScanBegins, RescanErrors.ScanWithoutForce,
                AccessErrors.NotPermitted);
    }

    static async Task<IResult> StartAsync(
        string id, HttpContext context, StoreAccess access, RescanRequests requests, RescanJobs jobs, AuditTrail trail)
    {
        var store = await access.RequiredAsync(context, id);
        await access.RequireManageAsync(context, store);
        return await ScanAsync(context, store, requests, jobs, trail);
    }

    static async Task<IResult> RetryAsync(
        string id, HttpContext context, StoreAccess access, RescanRequests requests, RescanJobs jobs, AuditTrail trail)
    {
        var (job, store) = await jobs.RequiredAsync(context, id);
        await access.RequireManageAsync(context, store);
        return store.Deleted
            ? throw RescanErrors.ScanStoreGone.With()
            : job.Status.IsTerminal() ? await ScanAsync(context, store, requests, jobs, trail)
            : throw RescanErrors.ScanNotEnded.With();
    }

    static async Task<IResult> ScanAsync(HttpContext context, Store store, RescanRequests requests, RescanJobs jobs, AuditTrail trail)
    {
        var force = DatumQuery.Flag(context.Request, "force");
        var (job, isNew) = await requests.StartAsync(store, Caller.Of(context).Name, force, context.RequestAborted);
        if (job is null)
            throw RescanErrors.ScanBegins.With().After(TimeSpan.FromSeconds(5));
        if (!isNew && job.Forced != true && force)
            throw RescanErrors.ScanWithoutForce.With(job.JobId);
        if (isNew)
            await trail.RecordAsync(
                context,
                new("rescan.accepted", job.JobId.ToString())
                {
                    Project = store.Project,
                    Details = new() { ["store"] = store.Id.ToString("D") },
                });
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/rescans/{job.JobId}/";
        return Answer(await jobs.ShowAsync(job, context.RequestAborted), StatusCodes.Status202Accepted);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, RescanJobs jobs)
    {
        var (job, _) = await jobs.RequiredAsync(context, id);
        return Answer(await jobs.ShowAsync(job, context.RequestAborted));
    }

    /// <summary>A repeated call changes nothing. 409 for a scan that has ended in another way.</summary>
    static async Task<IResult> CancelAsync(
        string id, HttpContext context, StoreAccess access, RescanJobs jobs, JobControl control, AuditTrail trail)
    {
        var (job, store) = await jobs.RequiredAsync(context, id);
        await access.RequireManageAsync(context, store);
        var ended = await control.CancelAsync(
            job, () => trail.RecordAsync(context, new("rescan.cancelled", job.JobId.ToString()) { Project = store.Project }),
            context.RequestAborted);
        return Answer(await jobs.ShowAsync(ended, context.RequestAborted), StatusCodes.Status202Accepted);
    }

    static async Task<IResult> ResultsAsync(string id, HttpContext context, StoreAccess access, RescanJobs jobs, JobResults results)
    {
        var (job, store) = await jobs.RequiredAsync(context, id);
        await access.RequireAsync(context, store, Permission.DataRead);
        return await results.AnswerAsync(context, job, ScanItem.Outcomes, Json.ScanItem, Json.PageScanItem);
    }

    static async Task<IResult> ListAsync(
        HttpContext context, RescanJobs jobs, StoreTable stores, StoreAccess access, ProjectTable projects, Permissions permissions)
    {
        var listed = await StoresAsync(context, stores, access, projects, permissions);
        return Results.Json(await jobs.ListAsync(context, listed), Json.PageRescanJobBody);
    }

    /// <summary>The stores of the request that the caller sees.</summary>
    static async Task<IReadOnlyList<Guid>> StoresAsync(
        HttpContext context, StoreTable stores, StoreAccess access, ProjectTable projects, Permissions permissions)
    {
        if (Fields.Query(context.Request, "store") is { } named)
        {
            var id = Fields.Id("store", named);
            return await access.FindAsync(context, id.ToString("D")) is not null
                ? [id]
                : throw RescanErrors.NoStore.On("store");
        }

        var project = Fields.Query(context.Request, "project") is { } text
            ? (await permissions.ProjectAsync(context, projects, text, Permission.StoresRead)).Id
            : (Guid?)null;
        var visible = await access.VisibleAsync(context);
        var (found, more) = await stores.ListAsync(
            MaxStores, null, async (store, token) => (project is null || store.Project == project) && await visible(store, token),
            context.RequestAborted);
        return more is null ? [.. found.Select(s => s.Id)]
            : throw RescanErrors.TooManyStores.On("store", MaxStores);
    }

    static IResult Answer(RescanJobBody job, int status = StatusCodes.Status200OK) =>
        Results.Json(job, Json.RescanJobBody, statusCode: status);
}

/// <summary>A scan on the wire: a job of its own kind.</summary>
/// <param name="Project">The store's project at the time of the scan; null if none.</param>
/// <param name="Seconds">The duration so far, or in all; null before it began.</param>
/// <param name="Requests">LISTs and HEADs.</param>
/// <param name="Rate">Objects and locations a second.</param>
/// <param name="Eta">Always null, because the number of objects is not known before the end.</param>
sealed record RescanJobBody(
    string Id, string Kind, string Status, Guid Store, StoreProjectBody? Project, string CreatedBy, DateTimeOffset Ctime,
    DateTimeOffset? Started, DateTimeOffset? Finished, double? Seconds,
    ScanCountsBody Counts, long Requests, double? Rate, DateTimeOffset? Eta, string? Error)
{
    /// <inheritdoc cref="JobProgress.Waiting"/>
    public WaitingBody? Waiting { get; init; }

    public static RescanJobBody From(JobRow job, JobProgress progress, DateTimeOffset now)
    {
        var counts = job.Counts + progress.Done;
        var seconds = ((job.Finished ?? now) - job.Started)?.TotalSeconds;
        return new(
            job.JobId.ToString(), "rescan", JobStatuses.NameOf(job.Status), job.Store, job.Project == Guid.Empty ? null : new(job.Project),
            job.CreatedBy, job.JobId.Value.Time, job.Started, job.Finished,
            seconds is { } took ? Math.Round(took, 3) : null, CountsOf(counts), counts.Requests,
            seconds > 0 && counts.Total > 0 ? Math.Round(counts.Total / seconds.Value, 1) : null, Eta: null, job.Error)
        {
            Waiting = progress.Waiting,
        };
    }

    public static ScanCountsBody CountsOf(Counts counts) =>
        new(
            counts.Total, counts.Unchanged, counts.Changed, counts.Missing, counts.Returned, counts.New, counts.Adopted, counts.Failed,
            counts.Skipped);
}

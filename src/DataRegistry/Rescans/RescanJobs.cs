using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Rescans;

/// <summary>Scans, as far as the caller sees their stores.</summary>
sealed class RescanJobs(JobTable jobs, JobControl control, StoreAccess access, TimeProvider clock)
{
    /// <summary>
    /// The scan of the route's <c>{id}</c>, and its store, which may be deleted. 404 if the caller does not see the
    /// store.
    /// </summary>
    public async Task<(JobRow Job, Store Store)> RequiredAsync(HttpContext context, string id)
    {
        var job = JobId.TryParse(id, out var jobId) ? await jobs.FindAsync(jobId, context.RequestAborted) : null;
        return job is { Kind: JobKind.Rescan, Status: not JobStatus.Staging, Forgotten: not true }
            && await access.FindAsync(context, job.Store.ToString("D")) is { } store
            ? (job, store)
            : throw CommonErrors.NotFound.With();
    }

    public async Task<RescanJobBody> ShowAsync(JobRow job, CancellationToken cancellationToken) =>
        RescanJobBody.From(job, await control.ProgressAsync(job, cancellationToken), clock.GetUtcNow());

    /// <summary>The page of the stores' scans for the request, newest first.</summary>
    public async Task<Page<RescanJobBody>> ListAsync(HttpContext context, IReadOnlyList<Guid> stores)
    {
        var (paging, status) = (Paging.From(context.Request), JobStatuses.Of(context.Request));
        var after = JobTable.CursorOf(paging);
        var found = new List<JobRow>();
        await Parallel.ForEachAsync(stores, context.RequestAborted, async (store, token) =>
        {
            var own = await jobs.ListAsync(RescanRequests.SlotOf(store), JobKind.Rescan, status, after, paging.Limit + 1, token)
                .Where(job => job.Store == store && job.Forgotten != true).Take(paging.Limit + 1).ToListAsync(token);
            lock (found)
                found.AddRange(own);
        });
        var budget = new PageBudget(paging.Limit);
        var page = found.OrderBy(job => job.RowKey, StringComparer.Ordinal).TakeWhile(job => budget.TryTake(RowSize.Of(job))).ToList();
        var next = found.Count > page.Count ? page[^1].RowKey : null;
        var bodies = new List<RescanJobBody>();
        foreach (var job in page)
            bodies.Add(await ShowAsync(job, context.RequestAborted));
        return new(paging.Cursor is null && next is null ? bodies.Count : null, Paging.Next(context, next), null, bodies);
    }
}

using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections.Exports;
using DataRegistry.Storage;

namespace DataRegistry.Selections;

/// <summary>Jobs that act on a frozen selection. Their windows are the selection's, one or several together.</summary>
sealed class ActionKind(
    JobTable jobs, ProjectTable projects, ScannedStores scans, JobBlobs blobs, DatumChanges changes, DatumExport datums,
    ExportFiles exports, TimeProvider clock) : IJobKind
{
    public JobKind Kind => JobKind.SelectionAction;

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        var order = SelectionOrder.Read(job.Parameters!);
        var selection = await jobs.FindAsync(new(TimedId.FromGuid(order.Selection)), cancellationToken);
        if (selection is null || selection.Expires < clock.GetUtcNow())
            return new JobOpening.Failed("The selection has expired. Its changes stay.");
        if (await projects.FindAsync(job.Project, cancellationToken) is not { } project)
            return new JobOpening.Failed("The selection's project is not there any more.");
        var filter = SelectionFilter.Read(selection.Parameters);
        var scope = new ActionScope(job, order, project, filter, await scans.CompletedAsync(cancellationToken));
        return new JobOpening.Opened(new ActionRun(scope, blobs, new(changes, datums, exports)));
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job)
    {
        var order = SelectionOrder.Read(job.Parameters!);
        var tags = order.Tags is null ? null : JsonSerializer.SerializeToNode(order.Tags, SelectionEndpoints.Json.IReadOnlyListString);
        return new($"selection.{NameOf(order.Action)}", job.JobId.ToString())
        {
            Project = job.Project,
            Details = new()
            {
                ["selection"] = order.Selection.ToString("D"),
                ["status"] = JobStatuses.NameOf(job.Status),
                ["done"] = job.Counts.Done,
                ["skipped"] = job.Counts.Skipped,
                ["tags"] = tags,
            },
        };
    }

    static string NameOf(SelectionAction action) => action switch
    {
        SelectionAction.Purge => "purged",
        SelectionAction.Tag => "tagged",
        SelectionAction.Untag => "untagged",
        _ => "exported",
    };
}

/// <summary>The data that all windows of an action share.</summary>
sealed record ActionScope(
    JobRow Job, SelectionOrder Order, Project Project, SelectionFilter Filter, IReadOnlyDictionary<Guid, DateTimeOffset> Scanned)
    : SelectionScope(Project, Filter, Scanned);

/// <summary>The parts that do an action.</summary>
sealed record ActionTools(DatumChanges Changes, DatumExport Datums, ExportFiles Files);

/// <summary>A job that acts on a selection, as a worker has opened it.</summary>
sealed class ActionRun(ActionScope scope, JobBlobs blobs, ActionTools tools)
    : TableJobRun(scope.Job)
{
    protected override async Task<RangeWork> WorkAsync(CancellationToken cancellationToken) =>
        new ActionWork(scope, blobs, tools, await blobs.ReadInputAsync(Job.JobId, window: 0, cancellationToken));
}

/// <summary>Acts on the items of a range's windows.</summary>
/// <param name="windows">Of the job: each names the blobs of its items, with spaces between them.</param>
sealed class ActionWork(
    ActionScope scope, JobBlobs blobs, ActionTools tools, IReadOnlyList<string> windows) : RangeWork
{
    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        var names = windows[range.Next].Split(' ');
        var (skipped, done) = (new List<SkippedItem>(), 0L);
        await using var files = scope.Order.Format is { } format ? tools.Files.Begin(range, delivery, format, ExportRow.Table) : null;
        await foreach (var items in ItemsOf(names, cancellationToken))
        {
            var left = files is null
                ? await tools.Changes.WriteAsync(scope, items, cancellationToken)
                : await tools.Datums.WriteAsync(scope, items, files, cancellationToken);
            skipped.AddRange(left);
            done += items.Count - left.Count;
        }

        var told = new Counts { Skipped = skipped.Count };
        var results = await blobs.WriteWindowResultsAsync(
            range, delivery, skipped, told, SelectionEndpoints.Json.SkippedItem, cancellationToken);
        if (files is not null)
            results = await files.CompleteAsync(results, cancellationToken);
        return new(told with { Done = done }, results, After: null, Ends: range.Next + 1 >= range.End);
    }

    /// <summary>The items of each blob, one blob in memory at a time.</summary>
    async IAsyncEnumerable<IReadOnlyList<SelectionItem>> ItemsOf(
        string[] names, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            yield return await blobs.ReadResultsAsync(name, 0, SelectionEndpoints.Json.SelectionItem, cancellationToken)
                .ToListAsync(cancellationToken);
        }
    }
}

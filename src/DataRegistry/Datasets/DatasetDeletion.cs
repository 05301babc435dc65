using DataRegistry.Organization;
using DataRegistry.Triggers;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Datasets;

/// <summary>
/// Deletes datasets with everything in them. The first write makes the dataset invisible. Its versions are deleted
/// after that, some at a time. After a death, or a lack of time, the timer deletes the rest, or a repeated deletion
/// does.
/// </summary>
sealed partial class DatasetDeletion(
    DatasetTable table, DatasetVersions versions, ProjectTable projects, TimeProvider clock, ILogger<DatasetDeletion> logger) : ICollector
{
    /// <summary>How long a request deletes versions, before it leaves the rest to the timer.</summary>
    static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(20);

    /// <summary>A run's time, well within a function's limit. The next run continues.</summary>
    static readonly TimeSpan RunTime = TimeSpan.FromMinutes(5);

    /// <summary>Deletes a dataset. False if it is deleted already; its versions may go still, and this helps with that.</summary>
    public async Task<bool> DeleteAsync(DatasetId id, CancellationToken cancellationToken)
    {
        var deleted = await table.DeleteAsync(id, cancellationToken);
        if (await table.FindLeftoverAsync(id, cancellationToken) is { } leftover)
            await SweepAsync(leftover, clock.GetUtcNow() + RequestTime, cancellationToken);
        return deleted;
    }

    /// <summary>The timer's turn: what deaths left of versions and datasets.</summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        var until = clock.GetUtcNow() + RunTime;
        foreach (var slot in await projects.SlotsAsync(cancellationToken))
        {
            await foreach (var leftover in table.LeftoversAsync(slot, cancellationToken))
            {
                if (leftover.Dataset is not null)
                    await SweepAsync(leftover, until, cancellationToken);
                else
                    await versions.CollectAsync(leftover, cancellationToken);
                if (clock.GetUtcNow() > until)
                    return;
            }
        }
    }

    async Task SweepAsync(LeftoverRow leftover, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var id = DatasetId.Of(leftover.Dataset!.Value);
        while (await SweepSomeAsync(id, leftover.Project, cancellationToken))
        {
            if (clock.GetUtcNow() <= until)
                continue;
            Log.LeftToTimer(logger, id);
            return;
        }

        await table.ForgetAsync(leftover, cancellationToken);
    }

    /// <summary>Deletes some rows of a deleted dataset in one transaction: versions first. False if there are no more.</summary>
    async Task<bool> SweepSomeAsync(DatasetId id, Guid project, CancellationToken cancellationToken)
    {
        var swept = await table.SweepVersionsAsync(id, cancellationToken);
        await versions.CollectAsync(swept, cancellationToken);
        return swept.Count > 0 || await table.SweepNamesAsync(id, project, cancellationToken);
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Dataset {Dataset} is deleted; the timer deletes the rest of its rows")]
        public static partial void LeftToTimer(ILogger logger, DatasetId dataset);
    }
}

/// <summary>A project's datasets.</summary>
sealed class ProjectDatasets(DatasetTable datasets) : IProjectContents
{
    public int Order => 1;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        await datasets.AnyAsync(project, cancellationToken) ? "datasets" : null;
}

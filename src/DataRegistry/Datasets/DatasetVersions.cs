using DataRegistry.Jobs;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Datasets;

/// <summary>The outcome of making a version.</summary>
abstract record VersionMade
{
    public sealed record Made(DatasetVersionRow Version) : VersionMade;

    /// <summary>It was not begun.</summary>
    public sealed record Refused(VersionStart Why) : VersionMade;

    /// <summary>The version, or its dataset, was deleted meanwhile.</summary>
    public sealed record Gone : VersionMade;
}

/// <summary>
/// Makes and deletes versions. Making one takes three steps: its row, which takes the name; its manifest; one
/// conditional update, which publishes it. After a death the next request for the name takes it, and the collection
/// deletes the rest.
/// </summary>
sealed partial class DatasetVersions(
    DatasetTable table, ManifestWriter writer, ManifestBlobs blobs, JobTable jobs, TimeProvider clock, ILogger<DatasetVersions> logger)
{
    /// <summary>No request lives longer than four minutes.</summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);

    /// <summary>Takes the version's name, also from an abandoned version.</summary>
    public async Task<VersionStart> BeginAsync(DatasetRow dataset, NewVersion version, CancellationToken cancellationToken) =>
        await table.BeginAsync(dataset, version, dead: null, cancellationToken) is var start
            && start is VersionStart.NameTaken { Version: var other } && await IsDeadAsync(other, cancellationToken)
            ? await table.BeginAsync(dataset, version, other, cancellationToken)
            : start;

    /// <summary>Makes a version at once, as a whole or not at all.</summary>
    /// <param name="entries">In the order of their paths, none of them twice.</param>
    public async Task<VersionMade> MakeAsync(
        DatasetRow dataset, NewVersion version, IReadOnlyList<ManifestEntry> entries, CancellationToken cancellationToken)
    {
        if (await BeginAsync(dataset, version, cancellationToken) is var start && start is not VersionStart.Begun { Version: var begun })
            return new VersionMade.Refused(start);
        try
        {
            var manifest = (ManifestOutcome.Written)await writer.WriteAsync(
                begun.VersionId, entries.ToAsyncEnumerable(), cancellationToken);
            return await PublishAsync(begun.VersionId, manifest.Manifest, cancellationToken) is { } published
                ? new VersionMade.Made(published)
                : new VersionMade.Gone();
        }
        catch (Exception)
        {
            await TryAbandonAsync(begun.VersionId);
            throw;
        }
    }

    /// <summary>Publishes a version. The manifest of one that is published or deleted already is deleted.</summary>
    /// <inheritdoc cref="DatasetTable.PublishAsync"/>
    public async Task<DatasetVersionRow?> PublishAsync(DatasetVersionId id, Manifest manifest, CancellationToken cancellationToken)
    {
        var published = await table.PublishAsync(id, manifest, cancellationToken);
        if (published?.Blob != manifest.Blob)
            await blobs.DeleteAsync(manifest.Blob, cancellationToken);
        return published;
    }

    /// <summary>
    /// Gives the name of a version back that is not published, as far as that goes: the collector does the rest. One that is published
    /// stays.
    /// </summary>
    public async Task TryAbandonAsync(DatasetVersionId id)
    {
        try
        {
            await AbandonAsync(id, CancellationToken.None);
        }
        catch (Exception e)
        {
            // The caller has an error of its own to tell.
            Log.NotAbandoned(logger, id, e.Message);
        }
    }

    /// <summary>Deletes an unpublished version, and frees its name. False for a published one.</summary>
    public async Task<bool> AbandonAsync(DatasetVersionId id, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await table.FindVersionAsync(id, cancellationToken) is { } version;
            await retry.AgainAsync())
        {
            if (version.Status == DatasetVersionStatus.Completed)
                return false;
            if (await table.TryDeleteAsync(version, Guid.NewGuid(), cancellationToken))
                return true;
        }

        return true;
    }

    /// <summary>Deletes a version, the aliases that name it, and its files. False if it is deleted already.</summary>
    public async Task<bool> DeleteAsync(DatasetVersionId id, string user, CancellationToken cancellationToken)
    {
        var change = Guid.NewGuid();
        DatasetVersionRow? last = null;
        for (var retry = new WriteRetry(clock, cancellationToken);
            await table.FindVersionAsync(id, cancellationToken) is { } version;
            await retry.AgainAsync())
        {
            last = version;
            foreach (var alias in await table.AliasesOfAsync(version, cancellationToken))
                await table.DeleteAliasAsync(alias, version.Id, user, cancellationToken);
            // An alias that is pointed at it after it was read changes it, so it is looked at again then.
            if (await table.TryDeleteAsync(version, change, cancellationToken))
                break;
        }

        if (last is null || (await table.FindLeftoverAsync(id, cancellationToken))?.Change != change)
            return false;
        await CollectAsync([last], cancellationToken);
        return true;
    }

    /// <summary>Deletes the files of versions whose rows are deleted, and forgets those that nobody can write for any more.</summary>
    public async Task CollectAsync(IReadOnlyList<DatasetVersionRow> versions, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            versions.Where(v => v.Blob is not null),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (version, token) => await blobs.DeleteAsync(version.Blob!, token));
        await table.ForgetAsync([.. versions.Where(v => v is { Status: DatasetVersionStatus.Completed, Job: null })], cancellationToken);
    }

    /// <summary>Deletes what is left of a version by now. Repeating it changes nothing.</summary>
    public async Task CollectAsync(LeftoverRow leftover, CancellationToken cancellationToken)
    {
        var id = DatasetVersionId.Of(leftover.Version!.Value);
        var version = await table.FindVersionAsync(id, cancellationToken);
        if (version is { Status: DatasetVersionStatus.Creating })
        {
            if (await IsDeadAsync(version, cancellationToken) && await table.TryDeleteAsync(version, Guid.NewGuid(), cancellationToken))
                Log.Dead(logger, id);
        }
        else if (leftover.Until < clock.GetUtcNow())
        {
            await blobs.DeleteAsync(id, version?.Blob, cancellationToken);
            await table.ForgetAsync(leftover, cancellationToken);
        }
    }

    /// <summary>Whether a version is abandoned: its request is over, or its job ended without publishing it.</summary>
    async Task<bool> IsDeadAsync(DatasetVersionRow version, CancellationToken cancellationToken) =>
        version.Status == DatasetVersionStatus.Creating
        && (version.Job is { } id ? (await jobs.FindAsync(new(TimedId.FromGuid(id)), cancellationToken))?.Status : null) switch
        {
            null or JobStatus.Staging => version.CTime < clock.GetUtcNow() - DeadAfter,
            var status => status.Value.IsTerminal(),
        };

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Version {Version} is not made, and left to the collector: {Reason}")]
        public static partial void NotAbandoned(ILogger logger, DatasetVersionId version, string reason);

        [LoggerMessage(LogLevel.Information, "Version {Version} was never published: its name is given back")]
        public static partial void Dead(ILogger logger, DatasetVersionId version);
    }
}

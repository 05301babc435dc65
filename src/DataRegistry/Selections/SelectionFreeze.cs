using System.Runtime.InteropServices;
using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Selections;

/// <summary>Jobs that freeze a selection. The results of their windows are the items that match.</summary>
sealed class FreezeKind(ProjectTable projects, FreezeSources sources, JobBlobs blobs, SelectionLimits limits) : IJobKind
{
    public JobKind Kind => JobKind.Selection;

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken) =>
        await projects.FindAsync(job.Project, cancellationToken) is { } project
            ? new JobOpening.Opened(new FreezeRun(
                job, new(await sources.OpenAsync(job, project, cancellationToken), blobs, limits)))
            : new JobOpening.Failed("The selection's project is not there any more.");

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job) => new("selection.frozen", job.JobId.ToString())
    {
        Project = job.Project,
        Details = new() { ["status"] = JobStatuses.NameOf(job.Status), ["count"] = job.Counts.Done, ["bytes"] = job.Counts.Bytes },
    };
}

/// <summary>A job that freezes a selection, as a worker has opened it.</summary>
sealed class FreezeRun(JobRow job, FreezeWork work) : TableJobRun(job)
{
    protected override Task<RangeWork> WorkAsync(CancellationToken cancellationToken) => Task.FromResult<RangeWork>(work);
}

/// <summary>Reads the shards of a range, window by window.</summary>
sealed class FreezeWork(FreezeSource source, JobBlobs blobs, SelectionLimits limits) : RangeWork
{
    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        var items = new List<SelectionItem>();
        var (position, continuation, rows) = (FreezePosition.Of(range), (string?)null, 0);
        var from = position.After;
        do
        {
            var isRest = position.Earlier.Count > 0;
            var page = isRest
                ? await source.ReadAsync(position.Earlier, cancellationToken)
                : await source.ReadAsync(position.Shard, from, continuation, cancellationToken);
            rows += page.Rows;
            items.AddRange(page.Items);
            // After a rest the shard is read on from the last row, because the continuation may be lost with the window.
            var isPause = isRest || page.Earlier.Count > 0;
            continuation = page.Continuation;
            position = continuation is null && !isPause
                ? position.NextShard()
                : position with { After = page.Last ?? position.After, Earlier = page.Earlier };
            if (isPause)
                (continuation, from) = (null, position.After);
            else if (continuation is null)
                from = null;
        }
        while (!position.IsEnd && items.Count < limits.WindowItems && rows < limits.WindowRows
            && items.Sum(i => (long)i.Key.Length) < limits.WindowKeyLength);

        items.Sort((a, b) => OrderedKey.Compare(a.Key, b.Key) is not 0 and var order ? order : a.Store.CompareTo(b.Store));
        var counts = new Counts { Done = items.Count, Bytes = items.Sum(i => i.Size), Looked = rows };
        var results = await blobs.WriteWindowResultsAsync(
            range, delivery, items, counts, SelectionEndpoints.Json.SelectionItem, cancellationToken);
        return new(counts, results, position.ToString(), position.IsEnd);
    }
}

/// <summary>How far a range of a freeze is. A range reads the shard of its number, or all shards, one after the other.</summary>
/// <param name="After">The row key after which it goes on; null for the shard's beginning.</param>
readonly record struct FreezePosition(int Shard, string? After, bool HasAllShards)
{
    const char AllShards = '+', WithEarlier = '*', EndOfEarlier = ':';

    readonly IReadOnlyList<DatumId>? earlier;

    /// <summary>The beginning of a range of all shards.</summary>
    public static string Beginning { get; } = new FreezePosition(0, null, HasAllShards: true).ToString();

    /// <summary>Datums that are read before the shard is read on. Only a range of all shards has some.</summary>
    public IReadOnlyList<DatumId> Earlier
    {
        get => earlier ?? [];
        init => earlier = value;
    }

    public bool IsEnd => Shard == Shards.Count;

    public static FreezePosition Of(WorkRow range)
    {
        switch (range.After)
        {
            case [AllShards, var shard, .. var after]:
                return new(shard - 'a', NullIfEmpty(after), HasAllShards: true);
            case [WithEarlier, var shard, .. var rest]:
                var end = rest.IndexOf(EndOfEarlier, StringComparison.Ordinal);
                var ids = MemoryMarshal.Cast<byte, Guid>(Convert.FromBase64String(rest[..end]));
                return new(shard - 'a', NullIfEmpty(rest[(end + 1)..]), HasAllShards: true)
                {
                    Earlier = [.. ids.ToArray().Select(id => new DatumId(TimedId.FromGuid(id)))],
                };
            default:
                return new(range.Range, range.After, HasAllShards: false);
        }

        static string? NullIfEmpty(string text) => text.Length > 0 ? text : null;
    }

    public FreezePosition NextShard() => new(HasAllShards ? Shard + 1 : Shards.Count, null, HasAllShards);

    /// <summary>At most some 22,000 characters: a datum is 16 bytes, and a page has a thousand locations.</summary>
    public override string ToString()
    {
        if (!HasAllShards)
            return After ?? "";
        if (Earlier.Count == 0)
            return $"{AllShards}{(char)('a' + Shard)}{After}";
        var ids = MemoryMarshal.AsBytes<Guid>(Earlier.Select(id => id.Value.ToGuid()).ToArray());
        return $"{WithEarlier}{(char)('a' + Shard)}{Convert.ToBase64String(ids)}{EndOfEarlier}{After}";
    }
}

using DataRegistry.Adoption;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>
/// Writes a scan's findings: on the location, where the next scan finds them, and on the datum, where people see them.
/// Both are conditional on the rows as they were read. If an adoption, a purge or a later scan has changed a location
/// meanwhile, the finding is dropped. A row that already has the mark is not written. A datum is marked after its
/// location, and cleared before it. So after a death the location shows the unfinished work, and the next delivery or
/// scan repairs it. It also repairs a location without its datum.
/// </summary>
sealed class DriftMarks(
    LocationTable locations, DatumTable datums, JobTable jobs, Adopter adopter, TimeProvider clock, IOptions<JobOptions> options)
{
    static readonly (string, string) Meanwhile =
        ("changed_meanwhile", "It was purged or adopted again during the scan. The next scan will report it.");

    static readonly (string, string) BeingAdopted = ("being_adopted", "Its adoption is not finished yet. The next scan will report it.");

    /// <summary>
    /// Returns the findings afterwards, in their order. A finding that could not be written is <c>skipped</c>.
    /// </summary>
    public async Task<List<Finding>> WriteAsync(Scan scan, List<Finding> findings, CancellationToken cancellationToken)
    {
        var job = scan.Job;
        var whole = await WholeScansAsync(findings, cancellationToken);
        var chunks = Enumerable.Range(0, findings.Count)
            .Where(i => findings[i] is { Location: not null, IsDone: false, Outcome: not ScanItem.Failed } finding
                && !(Says(finding, job) && finding.Location.DriftJob is { } marked && whole.Contains(marked)))
            .GroupBy(i => (
                findings[i].Location!.PartitionKey, DatumTable.PartitionOf(ScanComparison.IdOf(findings[i].Location!)),
                findings[i].Outcome == ScanItem.Returned))
            .SelectMany(g => g.Chunk(DatumTable.MaxMarks));
        var parallel = options.Value.TableRequestsInFlight;
        var several = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        var written = findings.ToArray();
        await Parallel.ForEachAsync(chunks, several, async (chunk, token) =>
        {
            var batch = new DriftBatch(scan, clock.GetUtcNow(), chunk.Select(i => findings[i]));
            if (findings[chunk[0]].Outcome == ScanItem.Returned)
                await ClearAsync(batch, token);
            else
                await MarkAsync(batch, token);
            foreach (var i in chunk)
                written[i] = batch.Result(findings[i].Key);
        });
        return [.. written];
    }

    /// <summary>
    /// The scans whose marks are complete on location and datum: completed scans, and scans that are no longer kept,
    /// because a later scan has repaired their marks.
    /// </summary>
    async Task<HashSet<Guid>> WholeScansAsync(List<Finding> findings, CancellationToken cancellationToken)
    {
        var whole = new HashSet<Guid>();
        foreach (var scan in findings.Where(f => f.Location is { } location && ScanComparison.IsDrifted(location))
            .Select(f => f.Location!.DriftJob).OfType<Guid>().Distinct())
        {
            if (await jobs.FindAsync(new(TimedId.FromGuid(scan)), cancellationToken) is null or { Status: JobStatus.Completed })
                whole.Add(scan);
        }

        return whole;
    }

    /// <summary>
    /// Marks the locations, then the datums. If a datum was tagged, hashed, purged or marked meanwhile, it starts
    /// again.
    /// </summary>
    async Task MarkAsync(DriftBatch batch, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); !batch.IsSettled; await retry.AgainAsync())
        {
            var rows = await ReadDatumsAsync(batch, cancellationToken);
            await WriteLocationsAsync(batch, cancellationToken);
            if (await TryWriteDatumsAsync(batch, rows, cancellationToken))
                return;
            await ReadLocationsAsync(batch, f => Says(f, batch.Job), cancellationToken);
        }
    }

    /// <summary>
    /// Clears the datums, then the locations. If a datum was tagged, hashed, purged or marked meanwhile, it starts
    /// again.
    /// </summary>
    async Task ClearAsync(DriftBatch batch, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); !batch.IsSettled; await retry.AgainAsync())
        {
            var rows = await ReadDatumsAsync(batch, cancellationToken);
            if (await TryWriteDatumsAsync(batch, rows, cancellationToken))
            {
                await WriteLocationsAsync(batch, cancellationToken);
                return;
            }

            await ReadLocationsAsync(batch, _ => true, cancellationToken);
        }
    }

    /// <summary>
    /// Reads the batch's datums before its locations are written, so a datum that is marked again after that keeps the
    /// newer mark. It makes missing datums that no running job will make. A location whose datum is still being made is
    /// skipped.
    /// </summary>
    async Task<Dictionary<DatumId, DatumRow>> ReadDatumsAsync(DriftBatch batch, CancellationToken cancellationToken)
    {
        var rows = await datums.FindAsync(batch.Datums, cancellationToken);
        if (await CompleteAsync(batch, rows, cancellationToken))
            rows = await datums.FindAsync(batch.Datums, cancellationToken);
        batch.Skip(f => !rows.ContainsKey(ScanComparison.IdOf(f.Location!)), BeingAdopted);
        return rows;
    }

    /// <summary>Makes missing datums that no running job will make. Returns whether there were any.</summary>
    async Task<bool> CompleteAsync(DriftBatch batch, Dictionary<DatumId, DatumRow> rows, CancellationToken cancellationToken)
    {
        var without = new List<LocatedRow>();
        foreach (var location in batch.Findings.Select(f => f.Location!).Where(l => !rows.ContainsKey(ScanComparison.IdOf(l))))
        {
            if (location.Job == batch.Job.Id || await jobs.IsFinishedAsync(new(TimedId.FromGuid(location.Job)), cancellationToken))
                without.Add(location);
        }

        if (without.Count > 0)
            await adopter.CompleteAsync(batch.Store, [.. without.OrderBy(l => l.RowKey, StringComparer.Ordinal)], cancellationToken);
        return without.Count > 0;
    }

    Task<bool> TryWriteDatumsAsync(DriftBatch batch, Dictionary<DatumId, DatumRow> rows, CancellationToken cancellationToken) =>
        datums.TryMarkAsync([.. batch.Findings.Select(f => (batch.MarkOf(f), rows[ScanComparison.IdOf(f.Location!)]))], cancellationToken);

    async Task WriteLocationsAsync(DriftBatch batch, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            batch.Findings.Where(f => !Says(f, batch.Job)).ToList() is { Count: > 0 } wanted;
            await retry.AgainAsync())
        {
            var changes = wanted.Select(f => Change.Update(batch.LocationOf(f), f.Location!.ETag, TableUpdateMode.Merge));
            var result = await locations.Table.TrySubmitAsync([.. changes], cancellationToken);
            if (!result.IsDone)
            {
                await ReadLocationsAsync(batch, _ => true, cancellationToken);
                continue;
            }

            foreach (var (finding, etag) in wanted.Zip(result.ETags))
                batch.NoteWritten(finding, etag);
            return;
        }
    }

    /// <summary>
    /// Reads the locations again. A finding stays valid if its location still has the same datum, and thus the same
    /// object. An object that another delivery of this scan has adopted by now is reported as adopted.
    /// </summary>
    async Task ReadLocationsAsync(DriftBatch batch, Func<Finding, bool> holds, CancellationToken cancellationToken)
    {
        var findings = batch.Findings.ToList();
        IReadOnlyList<string> keys = [.. findings.Select(f => f.Location!.RowKey).Order(StringComparer.Ordinal)];
        var rows = await locations.Table.FindManyAsync<ScannedRow>(
            findings[0].Location!.PartitionKey, keys, ScannedRow.Columns, cancellationToken: cancellationToken);
        foreach (var finding in findings)
        {
            var there = rows.GetValueOrDefault(finding.Location!.RowKey);
            var again = finding with { Location = there };
            if (there is { IsFree: false } && there.Datum == finding.Location.Datum && holds(again))
                batch.GoOnWith(again);
            else if (there is { IsFree: false, Supersedes: true } && finding.Outcome == ScanItem.Changed && there.Job == batch.Job.Id
                && there.Previous == finding.Location.Datum)
                batch.Settle(again with { IsDone = true, Adopted = ScanComparison.IdOf(there) });
            else
                batch.Settle(finding with { Outcome = ScanItem.Skipped, Reason = Meanwhile });
        }
    }

    /// <summary>Whether the location already has the finding. A cleared location names the scan that cleared it.</summary>
    static bool Says(Finding finding, JobRow job) => finding.State == DriftState.None
        ? !ScanComparison.IsDrifted(finding.Location!) && finding.Location!.DriftJob == job.Id
        : finding.Location!.Drift == finding.State && finding.Location.DriftIs == DriftBatch.IsOf(finding);
}

using DataRegistry.Adoption;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Writes what a scan found: on the location, by which the next scan knows it, and on the datum, where people see it. Both are written on
/// what was read before:
/// of a location that another adoption, a purge or a later scan has changed meanwhile nothing is said. What says so already is not written.
/// A datum is marked after its location, and cleared before it: so whatever a death leaves half done is found by the location, and made
/// whole by the next delivery or scan.
/// So is an adoption that left a location without its datum.
/// </summary>
sealed class DriftMarks(LocationTable locations, DatumTable datums, JobTable jobs, Adopter adopter, TimeProvider clock)
{
    // Of the work that it hands out, too.
    readonly LocationTable locations = locations;
    readonly DatumTable datums = datums;
    readonly JobTable jobs = jobs;
    readonly Adopter adopter = adopter;
    readonly TimeProvider clock = clock;

    static readonly (string, string) Meanwhile =
        ("changed_meanwhile", "It was purged or adopted anew while it was scanned: the next scan will tell.");

    static readonly (string, string) BeingAdopted = ("being_adopted", "Its adoption is not finished yet: the next scan will tell.");

    /// <summary>
    /// The findings as they stand afterwards, in their order; of those that could not be written nothing is said (<c>skipped</c>).
    /// </summary>
    public async Task<List<Finding>> WriteAsync(
        JobRow job, Store store, List<Finding> findings, int parallel, CancellationToken cancellationToken)
    {
        var written = findings.ToArray();
        var ended = new HashSet<Guid>();
        foreach (var scan in findings.Where(
            f => f.Location is { } location && ScanComparison.IsDrifted(location)).Select(
                f => f.Location!.DriftJob).OfType<Guid>().Distinct())
        {
            // Those that a scan marked which was completed are marked whole; so are, by later ones, those of a scan that is not even kept
            // any more.
            if (await jobs.FindAsync(new(TimedId.FromGuid(scan)), cancellationToken) is null or { Status: JobStatus.Completed })
                ended.Add(scan);
        }

        var chunks = Enumerable.Range(0, findings.Count)
            .Where(
                i => findings[i] is { Location: not null, IsDone: false, Outcome: not ScanItem.Failed } finding
                    && !(Says(finding, job) && finding.Location.DriftJob is { } scan && ended.Contains(scan)))
            .GroupBy(
                i =>
                    (findings[i].Location!.PartitionKey, DatumTable.PartitionOf(
                        ScanComparison.IdOf(findings[i].Location!)), findings[i].Outcome == ScanItem.Returned))
            .SelectMany(g => g.Chunk(DatumTable.MaxMarks));
        await Parallel.ForEachAsync(
            chunks, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (chunk, token) =>
        {
            var marking = new Marking(
                this, job, store, clock.GetUtcNow(), chunk.ToDictionary(i => findings[i].Key, i => findings[i], StringComparer.Ordinal));
            await marking.RunAsync(findings[chunk[0]].Outcome == ScanItem.Returned, token);
            foreach (var i in chunk)
                written[i] = marking.Result(findings[i].Key);
        });
        return [.. written];
    }

    /// <summary>Whether the location says what was found. One that was taken back names the scan that did.</summary>
    static bool Says(Finding finding, JobRow job) => finding.State == DriftState.None
        ? !ScanComparison.IsDrifted(finding.Location!) && finding.Location!.DriftJob == job.Id
        : finding.Location!.Drift == finding.State && finding.Location.DriftIs == IsOf(finding);

    static string IsOf(Finding finding) => finding.State == DriftState.Changed ? DriftFacts.Of(finding.Object!).ToString() : "";

    /// <summary>Findings whose locations are of one partition, and whose datums are.</summary>
    sealed class Marking(DriftMarks tables, JobRow job, Store store, DateTimeOffset now, Dictionary<string, Finding> findings)
    {
        /// <summary>Those of which no more is to be written.</summary>
        readonly Dictionary<string, Finding> settled = new(StringComparer.Ordinal);

        public Finding Result(string key) => findings.TryGetValue(key, out var finding) ? finding : settled[key];

        public async Task RunAsync(bool returned, CancellationToken cancellationToken)
        {
            for (var retry = new WriteRetry(tables.clock, cancellationToken); findings.Count > 0; await retry.AgainAsync())
            {
                // Before the locations: so a datum that was marked anew after that is not marked by what is old by then.
                var rows = await ReadDatumsAsync(cancellationToken);
                if (await CompleteAsync(rows, cancellationToken))
                    rows = await ReadDatumsAsync(cancellationToken);
                Skip(f => !rows.ContainsKey(ScanComparison.IdOf(f.Location!)), BeingAdopted);
                if (!returned)
                    await MarkLocationsAsync(cancellationToken);
                var marks = findings.Values.Select(f => (MarkOf(f), rows[ScanComparison.IdOf(f.Location!)])).ToList();
                if (await tables.datums.TryMarkAsync(marks, cancellationToken))
                {
                    if (returned)
                        await MarkLocationsAsync(cancellationToken);
                    return;
                }

                // A datum was tagged, hashed, purged or marked meanwhile.
                await ReadLocationsAsync(f => returned || Says(f, job), cancellationToken);
            }
        }

        Task<Dictionary<DatumId, DatumRow>> ReadDatumsAsync(CancellationToken cancellationToken) =>
            tables.datums.FindAsync([.. findings.Values.Select(f => ScanComparison.IdOf(f.Location!))], cancellationToken);

        /// <summary>Makes the datums that are missing and that nobody makes any more; whether there were any.</summary>
        async Task<bool> CompleteAsync(Dictionary<DatumId, DatumRow> rows, CancellationToken cancellationToken)
        {
            var without = new List<LocatedRow>();
            foreach (var location in findings.Values.Select(f => f.Location!).Where(l => !rows.ContainsKey(ScanComparison.IdOf(l))))
            {
                if (location.Job == job.Id || await tables.jobs.IsFinishedAsync(new(TimedId.FromGuid(location.Job)), cancellationToken))
                    without.Add(location);
            }

            if (without.Count > 0)
                await tables.adopter.CompleteAsync(store, [.. without.OrderBy(l => l.RowKey, StringComparer.Ordinal)], cancellationToken);
            return without.Count > 0;
        }

        async Task MarkLocationsAsync(CancellationToken cancellationToken)
        {
            for (var retry = new WriteRetry(tables.clock, cancellationToken);
                findings.Values.Where(f => !Says(f, job)).ToList() is { Count: > 0 } wanted;
                await retry.AgainAsync())
            {
                var result = await tables.locations.Table.TrySubmitAsync(
                    [.. wanted.Select(f => Change.Update(RowOf(f), f.Location!.ETag, TableUpdateMode.Merge))], cancellationToken);
                if (!result.IsDone)
                {
                    await ReadLocationsAsync(_ => true, cancellationToken);
                    continue;
                }

                foreach (var (finding, etag) in wanted.Zip(result.ETags))
                    findings[finding.Key] = finding with
                    {
                        Location = finding.Location! with
                        {
                            ETag = etag,
                            Drift = finding.State,
                            DriftJob = job.Id,
                            DriftIs = IsOf(finding),
                        },
                    };
                return;
            }
        }

        /// <summary>
        /// Reads the locations anew; those of which what was found still holds are gone on with. The same datum is the same object,
        /// whatever else was written. What another
        /// delivery of this scan has adopted by now is told as adopted.
        /// </summary>
        async Task ReadLocationsAsync(Func<Finding, bool> holds, CancellationToken cancellationToken)
        {
            var first = findings.Values.First().Location!;
            var rows = await tables.locations.Table.FindManyAsync<ScannedRow>(
                first.PartitionKey, [.. findings.Values.Select(f => f.Location!.RowKey).Order(StringComparer.Ordinal)], ScannedRow.Columns,
                cancellationToken: cancellationToken);
            foreach (var finding in findings.Values.ToList())
            {
                var there = rows.GetValueOrDefault(finding.Location!.RowKey);
                var again = finding with { Location = there };
                if (there is { IsFree: false } && there.Datum == finding.Location.Datum && holds(again))
                    findings[finding.Key] = again;
                else if (there is { IsFree: false, Supersedes: true } && finding.Outcome == ScanItem.Changed && there.Job == job.Id
                    && there.Previous == finding.Location.Datum)
                    Settle(again with { IsDone = true, Adopted = ScanComparison.IdOf(there) });
                else
                    Skip(f => f.Key == finding.Key, Meanwhile);
            }
        }

        void Skip(Func<Finding, bool> which, (string, string) reason)
        {
            foreach (var finding in findings.Values.Where(which).ToList())
                Settle(finding with { Outcome = ScanItem.Skipped, Reason = reason });
        }

        void Settle(Finding finding)
        {
            findings.Remove(finding.Key);
            settled.Add(finding.Key, finding);
        }

        LocationDriftRow RowOf(Finding finding) => new()
        {
            PartitionKey = finding.Location!.PartitionKey,
            RowKey = finding.Location.RowKey,
            Drift = finding.State,
            DriftJob = job.Id,
            DriftIs = IsOf(finding),
        };

        DriftMark MarkOf(Finding finding) =>
            new(ScanComparison.IdOf(finding.Location!), finding.State, finding.State == DriftState.Changed
                ? DriftFacts.Of(finding.Object!)
                : null, job.Id, now);
    }
}

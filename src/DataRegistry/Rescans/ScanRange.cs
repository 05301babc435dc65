using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>A scan of a store, and its evidence.</summary>
sealed record Scan(JobRow Job, Store Store, ScanEvidence Evidence);

/// <summary>
/// Scans a range of a store's keys, window by window. It reads and compares each window, then marks, adopts and reports
/// its findings.
/// </summary>
sealed class ScanRange(Scan scan, ScanStretches stretches, DriftMarks marks, ScanAdoption adoption, JobBlobs blobs) : RangeWork
{
    /// <summary>
    /// The most new objects that a window's results name, besides adopted ones: a bucket may hold millions of unwanted
    /// objects.
    /// </summary>
    const int MaxNew = 1000;

    int requests;

    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        var stretch = await stretches.ReadAsync(range, cancellationToken);
        var compared = await ScanComparison.CompareAsync(scan, stretch, cancellationToken);
        var marked = await marks.WriteAsync(scan, compared.Findings, cancellationToken);
        var findings = await adoption.AdoptAsync(scan, marked, cancellationToken);

        var before = requests;
        requests = stretches.Requests + scan.Evidence.Requests;
        var counts = compared.Counts + (CountsOf(findings) with { Requests = requests - before });
        var others = 0;
        var told = findings.Where(f => f.Outcome != ScanItem.New || f.Adopted is not null || ++others <= MaxNew).ToList();
        var items = told.Select(f => ScanItem.From(f, scan.Store.Configuration.Bucket));
        var results = await blobs.WriteWindowResultsAsync(
            range, delivery, items, CountsOf(told), RescanEndpoints.Json.ScanItem, cancellationToken);
        return new(counts, results, stretch.UpTo ?? range.After, stretch.Ends);
    }

    public override Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        stretches.CutAsync(range, cancellationToken);

    static Counts CountsOf(List<Finding> findings) => new()
    {
        Failed = Of(findings, ScanItem.Failed),
        Skipped = Of(findings, ScanItem.Skipped),
        Changed = Of(findings, ScanItem.Changed),
        Missing = Of(findings, ScanItem.Missing),
        Returned = Of(findings, ScanItem.Returned),
        New = Of(findings, ScanItem.New),
        Adopted = findings.Count(f => f.Adopted is not null),
    };

    static int Of(List<Finding> findings, string outcome) => findings.Count(f => f.Outcome == outcome);
}

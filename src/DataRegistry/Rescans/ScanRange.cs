using System.Globalization;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Rescans;

/// <summary>A range of a store's keys, scanned window by window: read, compared, made sure of, marked, adopted, told.</summary>
sealed class ScanRange(
    JobRow job, Store store, ScanStretches stretches, ScanComparison comparison, ScanAdoption adoption, ScanEvidence evidence,
    DriftMarks marks, JobBlobs blobs, int parallel) : RangeWork
{
    /// <summary>New objects that a window's results name, unless they were adopted: a bucket may hold millions that nobody wants.</summary>
    const int MaxNew = 1000;

    int requests;

    public override async Task<WindowDone> RunAsync(
        WorkRow range, Guid delivery, bool goesOn, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var stretch = await stretches.ReadAsync(range, cancellationToken);
        var (counts, findings) = await comparison.CompareAsync(stretch, cancellationToken);
        findings = await adoption.AdoptAsync(await marks.WriteAsync(job, store, findings, parallel, cancellationToken), cancellationToken);
        counts += CountsOf(findings) with { Requests = stretches.Requests + evidence.Requests - requests };
        requests = stretches.Requests + evidence.Requests;

        var others = 0;
        var told = findings.Where(f => f.Outcome != ScanItem.New || f.Adopted is not null || ++others <= MaxNew).ToList();
        var results = told.Count == 0 ? null : WorkTable.NewResults(
            range.JobId, range,
            await blobs.WriteResultsAsync(
                range.JobId, string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery:N}"),
                told.Select(f => ScanItem.From(f, store.Configuration.Bucket)), RescanEndpoints.Json.ScanItem, cancellationToken),
            CountsOf(told));
        return new(counts, results, stretch.UpTo ?? range.After, stretch.Ends);
    }

    public override Task<(WorkRow Range, WorkRow? Other)?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        stretches.CutAsync(range, cancellationToken);

    static Counts CountsOf(List<Finding> findings) => new(0, 0, Of(findings, ScanItem.Failed), Of(findings, ScanItem.Skipped))
    {
        Changed = Of(findings, ScanItem.Changed),
        Missing = Of(findings, ScanItem.Missing),
        Returned = Of(findings, ScanItem.Returned),
        New = Of(findings, ScanItem.New),
        Adopted = findings.Count(f => f.Adopted is not null),
    };

    static int Of(List<Finding> findings, string outcome) => findings.Count(f => f.Outcome == outcome);
}

using Azure;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Findings that are written in one transaction per table: their locations are in one partition, and so are their
/// datums. A settled finding leaves the batch.
/// </summary>
sealed class DriftBatch(Scan scan, DateTimeOffset now, IEnumerable<Finding> findings)
{
    readonly Dictionary<string, Finding> open = findings.ToDictionary(f => f.Key, StringComparer.Ordinal);
    readonly Dictionary<string, Finding> settled = new(StringComparer.Ordinal);

    public JobRow Job => scan.Job;

    public Store Store => scan.Store;

    /// <summary>The findings that are still to be written.</summary>
    public IReadOnlyCollection<Finding> Findings => open.Values;

    public bool IsSettled => open.Count == 0;

    public IReadOnlyList<DatumId> Datums => [.. open.Values.Select(f => ScanComparison.IdOf(f.Location!))];

    /// <summary>A finding in its present state.</summary>
    public Finding Result(string key) => open.TryGetValue(key, out var finding) ? finding : settled[key];

    /// <summary>Replaces a finding by its new state.</summary>
    public void GoOnWith(Finding finding) => open[finding.Key] = finding;

    /// <summary>Ends the work on a finding.</summary>
    public void Settle(Finding finding)
    {
        open.Remove(finding.Key);
        settled.Add(finding.Key, finding);
    }

    /// <summary>Skips findings, with a reason. Nothing is written for them.</summary>
    public void Skip(Func<Finding, bool> which, (string Code, string Message) reason)
    {
        foreach (var finding in open.Values.Where(which).ToList())
            Settle(finding with { Outcome = ScanItem.Skipped, Reason = reason });
    }

    /// <summary>The finding's location is written, and has this ETag.</summary>
    public void NoteWritten(Finding finding, ETag etag) => GoOnWith(finding with
    {
        Location = finding.Location! with { ETag = etag, Drift = finding.State, DriftJob = Job.Id, DriftIs = IsOf(finding) },
    });

    public LocationDriftRow LocationOf(Finding finding) => new()
    {
        PartitionKey = finding.Location!.PartitionKey,
        RowKey = finding.Location.RowKey,
        Drift = finding.State,
        DriftJob = Job.Id,
        DriftIs = IsOf(finding),
    };

    public DriftMark MarkOf(Finding finding)
    {
        var found = finding.State == DriftState.Changed ? DriftFacts.Of(finding.Object!) : null;
        return new(ScanComparison.IdOf(finding.Location!), finding.State, found, Job.Id, now);
    }

    /// <summary>The object of a changed location, as the location keeps it.</summary>
    public static string IsOf(Finding finding) => finding.State == DriftState.Changed ? DriftFacts.Of(finding.Object!).ToString() : "";
}

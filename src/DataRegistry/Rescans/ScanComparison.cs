using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Rescans;

/// <summary>A scan's finding at a key that differs from the adopted state.</summary>
/// <param name="Location">Null for a new object.</param>
/// <param name="Object">The object that is there; null if none.</param>
/// <param name="Outcome">An outcome of <see cref="ScanItem"/>.</param>
sealed record Finding(string Key, ScannedRow? Location, S3Object? Object, string Outcome)
{
    /// <summary>The datum that a changed or new object has become; null if none.</summary>
    public DatumId? Adopted { get; init; }

    /// <summary>The adopted datum; null for a new object.</summary>
    public DatumId? Datum { get; init; } = Location is null ? null : ScanComparison.IdOf(Location);
    public DriftFacts? Was { get; init; } = Location is null ? null : Location.Facts;

    /// <summary>An earlier delivery of this scan has finished the finding, except perhaps for the datum's row.</summary>
    public bool IsDone { get; init; }

    /// <summary>The reason why the finding was dropped.</summary>
    public (string Code, string Message)? Reason { get; init; }

    public DriftState State => Outcome switch
    {
        ScanItem.Changed => DriftState.Changed,
        ScanItem.Missing => DriftState.Missing,
        _ => DriftState.None,
    };
}

/// <summary>The result of comparing a stretch's objects with its locations.</summary>
/// <param name="Counts">The unchanged and the skipped ones.</param>
/// <param name="Findings">All others, in the order of their keys.</param>
sealed record ComparedStretch(Counts Counts, List<Finding> Findings);

/// <summary>
/// Compares a stretch's objects with its locations, and writes nothing. Its memory depends only on the differences.
/// </summary>
sealed class ScanComparison
{
    readonly Scan scan;
    readonly List<Finding> findings = [];
    readonly List<(string Key, ScannedRow? Location)> candidates = [];
    long unchanged, skipped;

    ScanComparison(Scan scan) => this.scan = scan;

    /// <exception cref="BucketException">S3 cannot be asked, or its answer is not plausible.</exception>
    public static async Task<ComparedStretch> CompareAsync(Scan scan, ScanStretch stretch, CancellationToken cancellationToken)
    {
        var comparison = new ScanComparison(scan);
        comparison.findings.AddRange(stretch.Damaged.Select(d => new Finding(d.Text, null, null, ScanItem.Failed)
        {
            Reason = (DamagedEntry.Code, d.Reason),
        }));
        foreach (var found in stretch.Objects)
        {
            if (stretch.Locations.Remove(found.Key, out var location))
                comparison.AddListed(location, found);
            else
                comparison.AddUntracked(found);
        }

        foreach (var (key, location) in stretch.Locations.Where(l => !l.Value.IsFree))
            comparison.AddUnlisted(key, location);
        return await comparison.ConcludeAsync(cancellationToken);
    }

    /// <summary>Handles an object without a location.</summary>
    void AddUntracked(S3Object found)
    {
        if (found.IsFolderMark)
            skipped++;
        else if (found.IsDoubtful)
            candidates.Add((found.Key, null));
        else
            findings.Add(new(found.Key, null, found, ScanItem.New));
    }

    /// <summary>
    /// Handles a location whose object is listed. If it seems to have changed, the bucket is asked once more.
    /// </summary>
    void AddListed(ScannedRow location, S3Object found)
    {
        if (location.IsFree)
        {
            // Its datum was purged, and a scan does not bring it back.
            skipped++;
        }
        else if (found.IsDoubtful)
        {
            candidates.Add((found.Key, location));
        }
        else if (location.Job == scan.Job.Id && IsSame(location, found))
        {
            // An earlier delivery of this scan adopted it. The finding is the same as then: the location has the id of
            // the datum before.
            findings.Add(Done(found.Key, location, found));
        }
        else if (location.Drift == DriftState.Changed && location.DriftIs == DriftFacts.Of(found).ToString())
        {
            // An earlier scan has confirmed this very change.
            findings.Add(new(found.Key, location, found, ScanItem.Changed));
        }
        else if (IsDrifted(location) || !IsSame(location, found))
        {
            candidates.Add((found.Key, location));
        }
        else if (location.DriftJob == scan.Job.Id)
        {
            findings.Add(new(found.Key, location, found, ScanItem.Returned) { IsDone = true });
        }
        else
        {
            unchanged++;
        }
    }

    /// <summary>Handles a location whose object is not listed. If that is new, the bucket is asked once more.</summary>
    void AddUnlisted(string key, ScannedRow location)
    {
        if (location.Drift == DriftState.Missing)
            findings.Add(new(key, location, null, ScanItem.Missing));
        else
            candidates.Add((key, location));
    }

    async Task<ComparedStretch> ConcludeAsync(CancellationToken cancellationToken)
    {
        var probes = await scan.Evidence.AskAsync(candidates.ConvertAll(c => c.Key), cancellationToken);
        foreach (var ((key, location), probe) in candidates.Zip(probes))
            AddAsked(key, location, probe);
        findings.Sort((a, b) => OrderedKey.Compare(a.Key, b.Key));
        return new(new() { Unchanged = unchanged, Skipped = skipped }, findings);
    }

    void AddAsked(string key, ScannedRow? location, Probe probe)
    {
        var (found, failure) = probe;
        if (failure is not null)
            findings.Add(new(key, location, null, ScanItem.Failed) { Reason = (failure.Code, failure.Message) });
        else if (location is null)
            // A damaged entry of the listing may stand for an object, or for none.
            findings.AddRange(found is null ? [] : [new Finding(key, null, found, ScanItem.New)]);
        else if (found is null)
            findings.Add(new(key, location, null, ScanItem.Missing));
        else if (!IsSame(location, found))
            findings.Add(new(key, location, found, ScanItem.Changed));
        else if (IsDrifted(location))
            findings.Add(new(key, location, found, ScanItem.Returned));
        else if (location.Job == scan.Job.Id)
            findings.Add(Done(key, location, found));
        else
            unchanged++;
    }

    static Finding Done(string key, ScannedRow location, S3Object found) =>
        new(key, location, found, location.Supersedes == true ? ScanItem.Changed : ScanItem.New)
        {
            Adopted = IdOf(location),
            IsDone = true,
            Was = null,
            Datum = location is { Supersedes: true, Previous: { } previous } ? new(TimedId.FromGuid(previous)) : null,
        };

    public static DatumId IdOf(LocatedRow location) => new(TimedId.FromGuid(location.Datum));

    public static bool IsDrifted(ScannedRow location) => location.Drift is DriftState.Changed or DriftState.Missing;

    bool IsSame(ScannedRow location, S3Object found) => location.Facts.IsLike(DriftFacts.Of(found), scan.Evidence.SeesVersions);
}

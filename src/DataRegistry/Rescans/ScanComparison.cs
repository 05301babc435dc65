using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Rescans;

/// <summary>What a scan found at a key, and what is not as it was adopted.</summary>
/// <param name="Location">Null for a new object.</param>
/// <param name="Object">What is there; null for nothing.</param>
/// <param name="Outcome"><see cref="ScanItem"/>'s.</param>
sealed record Finding(string Key, ScannedRow? Location, S3Object? Object, string Outcome)
{
    /// <summary>Of a changed or new object: the datum that it has become; null if none.</summary>
    public DatumId? Adopted { get; init; }

    /// <summary>What was adopted, and as what; null for a new object.</summary>
    public DatumId? Datum { get; init; } = Location is null ? null : ScanComparison.IdOf(Location);
    public DriftFacts? Was { get; init; } = Location is null ? null : Location.Facts;

    /// <summary>An earlier delivery of this scan has done all there is to do, but perhaps for the datum's row.</summary>
    public bool IsDone { get; init; }

    /// <summary>Why nothing is said of it.</summary>
    public (string Code, string Message)? Reason { get; init; }

    public DriftState State => Outcome switch
    {
        ScanItem.Changed => DriftState.Changed,
        ScanItem.Missing => DriftState.Missing,
        _ => DriftState.None,
    };
}

/// <summary>A stretch whose objects were compared with its locations.</summary>
/// <param name="Counts">How many are unchanged, and how many are skipped.</param>
/// <param name="Findings">All others, in the order of their keys.</param>
sealed record ComparedStretch(Counts Counts, List<Finding> Findings);

/// <summary>Compares a stretch's objects with its locations. Its memory depends only on what differs. It writes nothing.</summary>
sealed class ScanComparison
{
    readonly Scan scan;
    readonly List<Finding> findings = [];
    readonly List<(string Key, ScannedRow? Location)> candidates = [];
    long unchanged, skipped;

    ScanComparison(Scan scan) => this.scan = scan;

    /// <exception cref="BucketException">S3 cannot be asked, or is not believed.</exception>
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

    /// <summary>An object that has no location.</summary>
    void AddUntracked(S3Object found)
    {
        if (found.IsFolderMark)
            skipped++;
        else if (found.IsDoubtful)
            candidates.Add((found.Key, null));
        else
            findings.Add(new(found.Key, null, found, ScanItem.New));
    }

    /// <summary>A location whose object is listed. Where that seems to have changed, the bucket is asked once more.</summary>
    void AddListed(ScannedRow location, S3Object found)
    {
        if (location.IsFree)
        {
            // Its datum was purged, and nobody wants it back by itself.
            skipped++;
        }
        else if (found.IsDoubtful)
        {
            candidates.Add((found.Key, location));
        }
        else if (location.Job == scan.Job.Id && IsSame(location, found))
        {
            // An earlier delivery of this scan adopted it. The finding is as it was then: the location knows the id of the datum before.
            findings.Add(Done(found.Key, location, found));
        }
        else if (location.Drift == DriftState.Changed && location.DriftIs == DriftFacts.Of(found).ToString())
        {
            // An earlier scan has made sure of this very change.
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

    /// <summary>A location whose object is not listed. Where that is news, the bucket is asked once more.</summary>
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
            // A damaged entry of the index stands for an object, or for none.
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

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
    /// <summary>Of a changed or new object: the datum that it has become; null for none.</summary>
    public DatumId? Adopted { get; init; }

    /// <summary>What was adopted, and as what; null for a new object.</summary>
    public DatumId? Datum { get; init; } = Location is null ? null : ScanComparison.IdOf(Location);
    public DriftFacts? Was { get; init; } = Location is null ? null : ScanComparison.FactsOf(Location);

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

/// <summary>Compares a stretch's objects with its locations. Constant in memory but for what differs; writes nothing.</summary>
sealed class ScanComparison(JobRow job, ScanEvidence evidence)
{
    /// <summary>How many are unchanged and how many are skipped; and all the others, in the order of their keys.</summary>
    /// <exception cref="BucketException">S3 cannot be asked, or is not believed.</exception>
    public async Task<(Counts Counts, List<Finding> Findings)> CompareAsync(ScanStretch stretch, CancellationToken cancellationToken)
    {
        long unchanged = 0, skipped = 0;
        var findings = new List<Finding>();
        var candidates = new List<(string Key, ScannedRow? Location)>();
        findings.AddRange(stretch.Damaged.Select(d => new Finding(d.Text, null, null, ScanItem.Failed)
        {
            Reason = (DamagedEntry.Code, d.Reason),
        }));
        foreach (var found in stretch.Objects)
        {
            if (!stretch.Locations.Remove(found.Key, out var location))
            {
                if (found.IsFolderMark)
                    skipped++;
                else if (found.IsDoubtful)
                    candidates.Add((found.Key, null));
                else
                    findings.Add(new(found.Key, null, found, ScanItem.New));
            }
            else if (location.IsFree)
            {
                // Whoever purged it does not want it back by itself.
                skipped++;
            }
            else if (found.IsDoubtful)
            {
                candidates.Add((found.Key, location));
            }
            else if (location.Job == job.Id && IsSame(location, found))
            {
                // It is told as it was the first time: by the datum before it, of which the location knows the id.
                findings.Add(Done(found.Key, location, found));
            }
            else if (location.Drift == DriftState.Changed && location.DriftIs == DriftFacts.Of(found).ToString())
            {
                // It was made sure of when it was found; that it is so still is no news.
                findings.Add(new(found.Key, location, found, ScanItem.Changed));
            }
            else if (IsDrifted(location) || !IsSame(location, found))
            {
                candidates.Add((found.Key, location));
            }
            else if (location.DriftJob == job.Id)
            {
                findings.Add(new(found.Key, location, found, ScanItem.Returned) { IsDone = true });
            }
            else
            {
                unchanged++;
            }
        }

        foreach (var (key, location) in stretch.Locations.Where(l => !l.Value.IsFree))
        {
            if (location.Drift == DriftState.Missing)
                findings.Add(new(key, location, null, ScanItem.Missing));
            else
                candidates.Add((key, location));
        }

        foreach (var ((key, location), (found, failure)) in candidates.Zip(
            await evidence.AskAsync(candidates.ConvertAll(c => c.Key), cancellationToken)))
        {
            if (failure is not null)
                findings.Add(new(key, location, null, ScanItem.Failed) { Reason = (failure.Code, failure.Message) });
            else if (location is null)
            {
                // A damaged entry of the index may stand for an object, or for none.
                if (found is not null)
                    findings.Add(new(key, null, found, ScanItem.New));
            }
            else if (found is null)
                findings.Add(new(key, location, null, ScanItem.Missing));
            else if (!FactsOf(location).IsLike(DriftFacts.Of(found), evidence.SeesVersions))
                findings.Add(new(key, location, found, ScanItem.Changed));
            else if (IsDrifted(location))
                findings.Add(new(key, location, found, ScanItem.Returned));
            else if (location.Job == job.Id)
                findings.Add(Done(key, location, found));
            else
                unchanged++;
        }

        findings.Sort((a, b) => OrderedKey.Compare(a.Key, b.Key));
        return (new Counts(0, 0, 0, skipped) { Unchanged = unchanged }, findings);
    }

    static Finding Done(string key, ScannedRow location, S3Object found) =>
        new(key, location, found, location.Supersedes == true ? ScanItem.Changed : ScanItem.New)
        {
            Adopted = IdOf(location),
            IsDone = true,
            Was = null,
            Datum = location is { Supersedes: true, Previous: { } previous } ? new(TimedId.FromGuid(previous)) : null,
        };

    public static DriftFacts FactsOf(ScannedRow location) =>
        new(location.ObjectETag, location.Size, location.VersionId, location.LastModified);

    public static DatumId IdOf(LocatedRow location) => new(TimedId.FromGuid(location.Datum));

    public static bool IsDrifted(ScannedRow location) => location.Drift is DriftState.Changed or DriftState.Missing;

    bool IsSame(ScannedRow location, S3Object found) => FactsOf(location).IsLike(DriftFacts.Of(found), evidence.SeesVersions);
}

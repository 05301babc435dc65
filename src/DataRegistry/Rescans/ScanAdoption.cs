using DataRegistry.Adoption;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Adopts a scan's findings as the store's policy says. A changed object becomes a new datum of the old one's project;
/// the old one stays. A new object goes into the store's project. A repeated or concurrent call adopts nothing twice.
/// </summary>
sealed class ScanAdoption(ProjectTable projects, DatumTable datums, Adopter adopter, HashQueue hashes)
{
    static readonly (string, string) Meanwhile =
        ("changed_meanwhile", "It was adopted, purged or deleted during the scan. The next scan will report it.");

    /// <summary>Returns the findings afterwards, in their order.</summary>
    public async Task<List<Finding>> AdoptAsync(Scan scan, List<Finding> findings, CancellationToken cancellationToken)
    {
        var adopted = findings.ToArray();
        var wants = WantsOf(scan, cancellationToken);
        foreach (var ofProject in Enumerable.Range(0, findings.Count).Where(i => wants(findings[i]))
            .GroupBy(i => findings[i].Location?.Project ?? scan.Store.Project!.Value))
        {
            if (await projects.FindAsync(ofProject.Key, cancellationToken) is not { } project)
                continue;
            var indexes = ofProject.ToList();
            var outcomes = await AdoptAsync(scan, project, indexes.ConvertAll(i => findings[i]), cancellationToken);
            foreach (var (i, outcome) in indexes.Zip(outcomes))
                adopted[i] = After(findings[i], outcome);
            if (scan.Store.HashAdopted == HashAdopted.All)
                await hashes.SendAsync(outcomes.OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);
        }

        await TellWhatWasAsync(adopted, cancellationToken);
        return [.. adopted];
    }

    /// <summary>
    /// Completes replaced findings of an earlier delivery with the old object's facts. The location no longer has them;
    /// the old datum's row does.
    /// </summary>
    async Task TellWhatWasAsync(Finding[] findings, CancellationToken cancellationToken)
    {
        if (findings.Where(f => f is { Datum: not null, Was: null }).Select(f => f.Datum!.Value).ToList() is not { Count: > 0 } before)
            return;
        var rows = await datums.FindAsync(before, cancellationToken);
        for (var i = 0; i < findings.Length; i++)
        {
            if (findings[i] is { Was: null, Datum: { } datum } && rows.TryGetValue(datum, out var row))
                findings[i] = findings[i] with { Was = new(row.ObjectETag, row.Size, row.VersionId, row.LastModified) };
        }
    }

    async Task<IReadOnlyList<AdoptionOutcome>> AdoptAsync(
        Scan scan, Project project, List<Finding> findings, CancellationToken cancellationToken)
    {
        var scope = new AdoptionScope(scan.Job.JobId, scan.Store, project, scan.Job.CreatedBy, AtOnce: false)
        {
            Superseded = findings.Where(f => f is { Outcome: ScanItem.Changed, IsDone: false })
                .ToDictionary(f => f.Key, f => f.Location!.Datum, StringComparer.Ordinal),
        };
        var objects = findings.ToDictionary(f => f.Key, f => f.Object!, StringComparer.Ordinal);
        var located = findings.Where(f => f.Location is not null)
            .ToDictionary(f => f.Key, f => (LocatedRow)f.Location!, StringComparer.Ordinal);
        return await adopter.AdoptAsync(
            scope, findings.ConvertAll(f => f.Key), (_, _) => Task.FromResult(located),
            (wanted, token) => scan.Evidence.ProbeAsync([.. wanted.Select(key => objects[key])], token), look: null, cancellationToken);
    }

    /// <summary>
    /// Selects the findings to adopt. A finding that this scan adopted before is adopted again, because its datum's row
    /// may be missing.
    /// </summary>
    static Func<Finding, bool> WantsOf(Scan scan, CancellationToken cancellationToken)
    {
        var (job, store) = (scan.Job, scan.Store);
        var (include, exclude) = (KeyGlobs.Of(store.Rescan.Include), KeyGlobs.Of(store.Rescan.Exclude));
        return finding => finding.Outcome switch
        {
            ScanItem.Changed or ScanItem.New when finding.IsDone => true,
            // Without versions a scan and a key have only one id.
            ScanItem.Changed => store is { AllowAdopt: true, Rescan.AdoptChanged: true } && finding.Location!.Job != job.Id
                && (store.AccessMode != StoreAccessMode.SingleProject || finding.Location.Project == store.Project),
            ScanItem.New => store is { AllowAdopt: true, Rescan.AdoptNew: true, Project: not null }
                && (include.Patterns.Count == 0 || include.FirstMatch(finding.Key, cancellationToken) is not null)
                && exclude.FirstMatch(finding.Key, cancellationToken) is null,
            _ => false,
        };
    }

    static Finding After(Finding finding, AdoptionOutcome outcome) => outcome switch
    {
        AdoptionOutcome.Created created => finding with { Adopted = created.Datum },
        AdoptionOutcome.Refused refused => finding with { Outcome = ScanItem.Failed, Reason = (refused.Code, refused.Message) },
        _ => finding with { Outcome = ScanItem.Skipped, Reason = Meanwhile },
    };
}

using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>On whose behalf objects are adopted.</summary>
/// <param name="AtOnce">No message and no job row stand behind it: locations are settled one by one, as nothing else would say that they
/// are.</param>
sealed record AdoptionScope(JobId Job, Store Store, Project Project, string AdoptedBy, bool AtOnce)
{
    /// <summary>
    /// Datums whose objects were seen to have changed, by key: as long as their locations name them, others may be put in their place. Null
    /// for none.
    /// </summary>
    public IReadOnlyDictionary<string, Guid>? Superseded { get; init; }

    public bool Supersedes(LocatedRow location) =>
        Superseded is { } superseded && superseded.TryGetValue(location.Key, out var datum) && location.Datum == datum;

    /// <summary>
    /// A location that a purge left free is taken over, but not by the job that made it: that one has done its work there. So is what has
    /// changed, if somebody has said so.
    /// </summary>
    public bool MayTake(LocatedRow location) => location.IsFree ? location.Job != Job.Value.ToGuid() : Supersedes(location);

    /// <summary>What is at a location of the same project, and is not what was adopted, becomes a datum in the other's place.</summary>
    public bool AdoptChanged { get; init; }

    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? Tags { get; init; }
}

/// <summary>
/// Looks at what is at locations: those whose objects differ from what was adopted, by key, each as it is now or with why that cannot be
/// said.
/// </summary>
delegate Task<IReadOnlyDictionary<string, Probe>> LookAtLocated(IReadOnlyList<LocatedRow> located, CancellationToken cancellationToken);

/// <summary>What an adoption is about to do with a window of keys.</summary>
/// <param name="Located">Locations that stay as they are.</param>
/// <param name="Free">Locations that may be taken over.</param>
/// <param name="Probes">What S3 says of all keys that are not located.</param>
/// <param name="Changed">Those of the located keys whose objects were seen to differ.</param>
sealed record AdoptionPlan(
    Dictionary<string, LocatedRow> Located, Dictionary<string, LocatedRow> Free, Dictionary<string, Probe> Probes,
    IReadOnlySet<string> Changed)
{
    /// <summary>With the datums that are about to be superseded.</summary>
    public required AdoptionScope Scope { get; init; }

    public bool Creates(string key) => Probes.TryGetValue(key, out var probe) && probe.Object is not null;

    /// <summary>Of a key that is neither located nor created.</summary>
    public AdoptionOutcome FailureOf(string key) =>
        Probes[key].Failure is { } failure
            ? new AdoptionOutcome.Refused(failure.Code, failure.Message)
            : new AdoptionOutcome.ObjectMissing();

    /// <summary>What an adoption would do now; writes nothing. A dry run tells it, and an adoption does it.</summary>
    /// <inheritdoc cref="Adopter.AdoptAsync" path="/param"/>
    public static async Task<AdoptionPlan> MakeAsync(
        AdoptionScope scope, IReadOnlyList<string> keys,
        Func<IReadOnlyList<string>, CancellationToken, Task<Dictionary<string, LocatedRow>>> locate,
        Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> find, LookAtLocated? look,
        CancellationToken cancellationToken)
    {
        var located = await locate(keys, cancellationToken);
        var free = located.Values.Where(scope.MayTake).ToDictionary(r => r.Key, StringComparer.Ordinal);
        foreach (var key in free.Keys)
            located.Remove(key);
        var wanted = keys.Where(k => !located.ContainsKey(k)).ToList();
        var probes = new Dictionary<string, Probe>(StringComparer.Ordinal);
        if (wanted.Count > 0)
        {
            foreach (var (key, probe) in wanted.Zip(await find(wanted, cancellationToken)))
                probes.Add(key, probe);
        }

        var plan = new AdoptionPlan(located, free, probes, new HashSet<string>(StringComparer.Ordinal)) { Scope = scope };
        List<LocatedRow> others = look is null ? [] : [.. located.Values.Where(r => !r.IsFree && r.Job != scope.Job.Value.ToGuid())];
        return others.Count == 0 ? plan : WithDiffering(plan, await look!(others, cancellationToken));
    }

    /// <summary>
    /// What differs is adopted anew, where that is asked for and the location is the project's own; else it is only told.
    /// </summary>
    static AdoptionPlan WithDiffering(AdoptionPlan plan, IReadOnlyDictionary<string, Probe> differing)
    {
        var changed = new HashSet<string>(StringComparer.Ordinal);
        var superseded = new Dictionary<string, Guid>(StringComparer.Ordinal);
        foreach (var (key, probe) in differing)
        {
            var location = plan.Located[key];
            if (plan.Scope.AdoptChanged && location.Project == plan.Scope.Project.Id)
            {
                plan.Located.Remove(key);
                plan.Free.Add(key, location);
                plan.Probes.Add(key, probe);
                superseded.Add(key, location.Datum);
            }
            else if (probe.Object is not null)
            {
                changed.Add(key);
            }
        }

        return plan with { Changed = changed, Scope = plan.Scope with { Superseded = superseded } };
    }
}

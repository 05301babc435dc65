using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>The job, store, project and user of an adoption.</summary>
/// <param name="AtOnce">No message and no job row repeat it, so each location is settled by itself.</param>
sealed record AdoptionScope(JobId Job, Store Store, Project Project, string AdoptedBy, bool AtOnce)
{
    /// <summary>
    /// Datums whose objects have changed, by key; null if none. Each may be replaced as long as its location still
    /// names it.
    /// </summary>
    public IReadOnlyDictionary<string, Guid>? Superseded { get; init; }

    public bool Supersedes(LocatedRow location) =>
        Superseded is { } superseded && superseded.TryGetValue(location.Key, out var datum) && location.Datum == datum;

    /// <summary>
    /// Whether a location may be taken over: one of <see cref="Superseded"/>, or a free one. The job that made a free
    /// one may not take it, because its work there is finished.
    /// </summary>
    public bool MayTake(LocatedRow location) => location.IsFree ? location.Job != Job.Value.ToGuid() : Supersedes(location);

    /// <summary>A changed object at a location of the same project becomes a datum that replaces the old one.</summary>
    public bool AdoptChanged { get; init; }

    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? Tags { get; init; }
}

/// <summary>
/// Checks locations. Returns those whose objects differ from the adopted ones, by key, with the new object or the
/// error.
/// </summary>
delegate Task<IReadOnlyDictionary<string, Probe>> LookAtLocated(IReadOnlyList<LocatedRow> located, CancellationToken cancellationToken);

/// <summary>The plan of an adoption for a window of keys.</summary>
/// <param name="Located">Locations that stay as they are.</param>
/// <param name="Free">Locations that may be taken over.</param>
/// <param name="Probes">S3's answers for all keys that are not located.</param>
/// <param name="Changed">The located keys whose objects differ.</param>
sealed record AdoptionPlan(
    Dictionary<string, LocatedRow> Located, Dictionary<string, LocatedRow> Free, Dictionary<string, Probe> Probes,
    IReadOnlySet<string> Changed)
{
    /// <summary>The scope, with the datums that will be superseded.</summary>
    public required AdoptionScope Scope { get; init; }

    public bool Creates(string key) => Probes.TryGetValue(key, out var probe) && probe.Object is not null;

    /// <summary>The outcome of a key that is neither located nor created.</summary>
    public AdoptionOutcome FailureOf(string key) =>
        Probes[key].Failure is { } failure
            ? new AdoptionOutcome.Refused(failure.Code, failure.Message)
            : new AdoptionOutcome.ObjectMissing();

    /// <summary>Makes the plan, and writes nothing. A dry run reports it, and an adoption executes it.</summary>
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
    /// Plans to replace changed objects of the project's own locations, if requested. Otherwise it only reports them.
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

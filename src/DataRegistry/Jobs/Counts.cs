namespace DataRegistry.Jobs;

/// <summary>
/// A job's counts of outcomes. Every input of an adoption has exactly one outcome: <see cref="Created"/>, <see
/// cref="Existing"/>, <see cref="Failed"/> or <see cref="Skipped"/>. Every object or location of a scan has exactly one
/// too: <see cref="Failed"/>, <see cref="Skipped"/>, <see cref="Unchanged"/>, <see cref="Changed"/>, <see
/// cref="Missing"/>, <see cref="Returned"/> or <see cref="New"/>. The other counts are no outcomes, and not part of the
/// total.
/// </summary>
readonly record struct Counts
{
    public long Created { get; init; }
    public long Existing { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }
    public long Unchanged { get; init; }
    public long Changed { get; init; }
    public long Missing { get; init; }
    public long Returned { get; init; }
    public long New { get; init; }

    /// <summary>Datums that a selection took, or that its action changed.</summary>
    public long Done { get; init; }

    /// <summary>The changed and new objects that became datums.</summary>
    public long Adopted { get; init; }

    /// <summary>The created datums that replaced one whose object had changed.</summary>
    public long Replaced { get; init; }

    /// <summary>The existing inputs whose object differs from the adopted one.</summary>
    public long Differing { get; init; }

    /// <summary>LISTs and HEADs of a scan's windows.</summary>
    public long Requests { get; init; }

    /// <summary>Bytes of the objects that a selection took.</summary>
    public long Bytes { get; init; }

    /// <summary>Datums that a selection looked at, whether it took them or not.</summary>
    public long Looked { get; init; }

    public long Total => Created + Existing + Failed + Skipped + Unchanged + Changed + Missing + Returned + New + Done;

    /// <summary>The number with an outcome, by its name in results; all of them if the name is empty.</summary>
    public long Of(string outcome) => outcome switch
    {
        "" => Total,
        "failed" => Failed,
        "skipped" => Skipped,
        "changed" => Changed,
        "missing" => Missing,
        "returned" => Returned,
        "new" => New,
        _ => 0,
    };

    public static Counts operator +(Counts a, Counts b) => new()
    {
        Created = a.Created + b.Created,
        Existing = a.Existing + b.Existing,
        Failed = a.Failed + b.Failed,
        Skipped = a.Skipped + b.Skipped,
        Unchanged = a.Unchanged + b.Unchanged,
        Changed = a.Changed + b.Changed,
        Missing = a.Missing + b.Missing,
        Returned = a.Returned + b.Returned,
        New = a.New + b.New,
        Adopted = a.Adopted + b.Adopted,
        Replaced = a.Replaced + b.Replaced,
        Differing = a.Differing + b.Differing,
        Requests = a.Requests + b.Requests,
        Done = a.Done + b.Done,
        Bytes = a.Bytes + b.Bytes,
        Looked = a.Looked + b.Looked,
    };
}
